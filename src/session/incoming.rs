use std::fmt;

use http::request::Parts;

use crate::message::Message;

/// A message that a client posted, with the head of its `POST`.
///
/// The parts hold the headers, the URI and the extensions of the `POST`, including the extensions that
/// middleware added. `Debug` does not show them, because headers and queries may contain credentials.
#[non_exhaustive]
pub struct Incoming {
    /// The message.
    pub message: Message,
    /// The `POST` request without its body. Boxed, so that a handler's future stays small.
    pub parts: Box<Parts>,
}

impl Incoming {
    /// Another message with the same head.
    pub(super) fn beside(&self, message: Message) -> Self {
        let parts = self.parts.clone();
        Self { message, parts }
    }

    /// The number of bytes that it takes in an inbox.
    pub(super) fn weight(&self) -> u32 {
        let mut bytes = size_of::<Self>() + size_of::<Parts>() + self.message.as_bytes().len();
        for (name, value) in &self.parts.headers {
            bytes += name.as_str().len() + value.len();
        }
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, parts: _ } = self;
        f.debug_struct("Incoming")
            .field("message", message)
            .finish_non_exhaustive()
    }
}
