use bytes::Bytes;

use crate::{message::Message, queue::Weigh};

/// What waits in an outbox.
#[derive(Clone, Debug)]
pub(crate) enum Outgoing {
    Message(Message),
    /// The event of a broadcast, whose bytes many streams share.
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
