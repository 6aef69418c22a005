use std::fmt;

use tracing::{Span, field::display};

use crate::message::{Message, RequestId};

/// Bytes that a client sent, escaped to ASCII and shortened.
pub(super) struct Clipped<'a>(pub(super) &'a [u8]);

const LEN: usize = 128;

impl fmt::Display for Clipped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.0.len() > LEN { ".." } else { "" };
        let text = &self.0[..self.0.len().min(LEN)];
        write!(f, "{}{end}", text.escape_ascii())
    }
}

pub(super) fn method_of(message: &Message) -> Option<Clipped<'_>> {
    message.method().map(|method| Clipped(method.as_bytes()))
}

/// The id, in the same form whether it is an integer or a string.
pub(super) fn id_of(message: &Message) -> Option<Clipped<'_>> {
    message.id().map(|id| match id {
        RequestId::Integer(text) | RequestId::String(text) => Clipped(text.as_bytes()),
    })
}

/// Records a value, if there is one.
pub(super) fn record(span: &Span, name: &'static str, value: Option<Clipped<'_>>) {
    if let Some(value) = value {
        span.record(name, display(value));
    }
}
