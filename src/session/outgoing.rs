use bytes::Bytes;

use crate::message::Message;

use super::queue::Weigh;

/// What waits for the stream to give it out.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    Message(Message),
    /// A message that is written as an event already, whose bytes many streams share.
    Event(Bytes),
}

impl Outgoing {
    pub(super) fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            Self::Event(_) => None,
        }
    }
}

impl Weigh for Outgoing {
    fn weight(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Message(message) => message.as_bytes().len(),
                Self::Event(event) => event.len(),
            }
    }
}
