//! Spans and events.

mod post;
mod session;

use tracing::Instrument;

use crate::message::{Message, RequestId};

use super::clip::Clipped;

pub(super) use self::{
    post::{PostSpan, refused},
    session::SessionSpan,
};

/// Runs a future in the span in which it is made.
pub(crate) fn in_current_span<F: Future>(future: F) -> impl Future<Output = F::Output> {
    future.in_current_span()
}

fn method_of(message: &Message) -> Option<Clipped<'_>> {
    message.method().map(|method| Clipped(method.as_bytes()))
}

/// Integers and strings are not told apart here: who reads it looks for one, and knows.
fn id_of(message: &Message) -> Option<Clipped<'_>> {
    message.id().map(|id| match id {
        RequestId::Integer(text) | RequestId::String(text) => Clipped(text.as_bytes()),
    })
}
