//! An HTTP/1.1 client on a plain TCP connection: it writes any bytes, and parses responses by itself.
//!
//! [`Conn`] and [`Stream`] give errors back, for servers that fail on purpose. [`Wire`] and [`WireBody`]
//! panic on them.

mod conn;
mod stream;
mod strict;

pub use self::{
    conn::{Conn, GET, post_head},
    stream::{Refused, Stream, a_session, open},
    strict::{Wire, WireBody},
};

/// A valid `POST`, as bytes.
pub fn post(target: &str, text: impl AsRef<[u8]>) -> Vec<u8> {
    let text = text.as_ref();
    [post_head(target, text.len()).as_bytes(), text].concat()
}
