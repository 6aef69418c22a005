use std::fmt;

use http::request::Parts;

use crate::message::Message;

use super::{detach::detach, principal::Principal};

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

    /// Copies everything that is a slice of the connection's read buffer, which it would keep in memory.
    pub(super) fn detach(&mut self) {
        self.message.detach();
        detach(&mut self.parts);
    }

    /// The number of bytes that it takes in an inbox: the memory that it holds there, of which only
    /// extensions of other crates are estimated.
    pub(super) fn weight(&self) -> u32 {
        let bytes = size_of::<Self>() + self.message.as_bytes().len() + head_weight(&self.parts);
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// A header in the map, without its text.
const HEADER: usize = 112;
/// An extension, with its place in the map.
const EXTENSION: usize = 64;

/// The memory of a head in bytes.
pub(crate) fn head_weight(parts: &Parts) -> usize {
    let Parts {
        uri,
        headers,
        extensions,
        ..
    } = parts;
    let mut bytes = size_of::<Parts>();
    bytes += uri
        .path_and_query()
        .map_or(0, |target| target.as_str().len());
    bytes += uri
        .authority()
        .map_or(0, |authority| authority.as_str().len());
    // Further values of a name are outside of the capacity.
    bytes += HEADER * (headers.capacity() + headers.len() - headers.keys_len());
    for (name, value) in headers {
        bytes += name.as_str().len() + value.len();
    }
    if !extensions.is_empty() {
        bytes += EXTENSION * extensions.len();
        bytes += extensions.get().map_or(0, Principal::len);
    }
    bytes
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { message, parts: _ } = self;
        f.debug_struct("Incoming")
            .field("message", message)
            .finish_non_exhaustive()
    }
}
