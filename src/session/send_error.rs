use std::{error::Error, fmt};

use crate::message::Message;

use super::{outgoing::Outgoing, queue::PushError};

/// The session has ended. Holds the message that was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError(Message);

/// A message was not sent, and is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrySendError {
    /// The outbox has no room: the client does not read as fast as it is sent to.
    Full(Message),
    /// The session has ended.
    Closed(Message),
}

impl SendError {
    pub(super) fn from_outgoing(outgoing: Outgoing) -> Self {
        Self(message(outgoing))
    }

    /// The message that was not sent.
    pub fn into_message(self) -> Message {
        self.0
    }
}

impl TrySendError {
    pub(super) fn from_push(error: PushError<Outgoing>) -> Self {
        match error {
            PushError::Full(outgoing) => Self::Full(message(outgoing)),
            PushError::Closed(outgoing) => Self::Closed(message(outgoing)),
        }
    }

    /// The message that was not sent.
    pub fn into_message(self) -> Message {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

fn message(outgoing: Outgoing) -> Message {
    match outgoing {
        Outgoing::Message(message) => message,
        Outgoing::Event(_) => unreachable!("only a broadcast sends events, and it takes none back"),
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session has ended, the message was not sent")
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the outbox has no room, the message was not sent",
            Self::Closed(_) => "the session has ended, the message was not sent",
        })
    }
}

impl Error for SendError {}
impl Error for TrySendError {}
