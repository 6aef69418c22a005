use std::{error::Error, fmt};

use crate::{message::Message, queue::PushError};

use super::outgoing::Outgoing;

/// The error of [`SessionSender::send`](super::SessionSender::send): the session is closed. It holds the
/// message that was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendError(Message);

/// The error of [`SessionSender::try_send`](super::SessionSender::try_send). It holds the message that
/// was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrySendError {
    /// The outbox has no room: the client does not read fast enough.
    Full(Message),
    /// The session is closed.
    Closed(Message),
}

/// The error of [`SessionReceiver::try_recv`](super::SessionReceiver::try_recv).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// No message waits now.
    Empty,
    /// No more messages will come.
    Closed,
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
        Outgoing::Event(_) => {
            unreachable!("only a broadcast sends events, and it takes no message back")
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the session is closed, the message was not sent")
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the outbox has no room, the message was not sent",
            Self::Closed(_) => "the session is closed, the message was not sent",
        })
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "no message waits",
            Self::Closed => "the session is closed or drained, no more messages will come",
        })
    }
}

impl Error for TryRecvError {}
impl Error for SendError {}
impl Error for TrySendError {}
