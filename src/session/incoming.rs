use std::fmt;

use http::request::Parts;

use crate::message::Message;

use super::queue::Weigh;

/// A message that a client posted, with the request that carried it.
///
/// The parts hold the headers, the URI and the extensions of the `POST`, so that what a middleware
/// put there reaches the handler. `Debug` leaves headers and query out: they hold credentials.
#[non_exhaustive]
pub struct Incoming {
    /// What was posted.
    pub message: Message,
    /// The `POST` request without its body. Boxed, so that a message is small to hand on and to wait
    /// with: a handler's future keeps a place for it.
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
