use std::fmt;

use http::request::Parts;

use crate::{message::Message, queue::Weigh};

/// A message that a client posted, with the head of its `POST`.
///
/// The parts hold the headers, the URI and the extensions of the `POST`, with what middleware put
/// there. `Debug` leaves them out, since headers and query hold credentials.
#[non_exhaustive]
pub struct Incoming {
    /// The message.
    pub message: Message,
    /// The `POST` request without its body. Boxed, since a handler's future keeps room for it.
    pub parts: Box<Parts>,
}

impl Incoming {
    pub(crate) fn new(message: Message, parts: Box<Parts>) -> Self {
        Self { message, parts }
    }
}

impl Weigh for Incoming {
    fn weight(&self) -> usize {
        let headers = self.parts.headers.iter();
        let headers = headers.map(|(name, value)| name.as_str().len() + value.len());
        let fixed = size_of::<Self>() + size_of::<Parts>();
        fixed + self.message.as_bytes().len() + headers.sum::<usize>()
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
