use bytes::Bytes;

use crate::message::Message;

/// An item of an outbox.
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

    /// Whether it is a slice of the read buffer of the connection that it came from.
    pub(super) fn is_slice(&self) -> bool {
        self.message().is_some_and(Message::is_slice)
    }

    /// Copies it out of that buffer.
    pub(super) fn detach(&mut self) {
        if let Self::Message(message) = self {
            message.detach();
        }
    }

    /// The number of bytes that it takes in an outbox.
    pub(super) fn weight(&self) -> u32 {
        let bytes = match self {
            Self::Message(message) => message.as_bytes().len(),
            Self::Event(event) => event.len(),
        };
        u32::try_from(size_of::<Self>() + bytes).unwrap_or(u32::MAX)
    }
}
