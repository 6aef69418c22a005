use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::handler::HandlerOutput;

use super::stream::Stream;

/// The body of an [`SseService`](super::SseService) response: the stream of a session, or the text of a
/// refusal.
///
/// The stream drives the handler `F` of the session. Dropping the stream closes the session and drops its
/// handler, its queues and its timers.
#[must_use = "dropping the stream closes the session"]
pub struct SseBody<F> {
    state: State<F>,
}

enum State<F> {
    // Boxed, so that the response stays small however large the handler is.
    Stream(Pin<Box<Stream<F>>>),
    Text(Bytes),
    Done,
}

impl<F> SseBody<F> {
    pub(super) fn stream(stream: Pin<Box<Stream<F>>>) -> Self {
        Self {
            state: State::Stream(stream),
        }
    }

    pub(super) fn text(text: Bytes) -> Self {
        Self {
            state: State::Text(text),
        }
    }
}

/// An empty body, for middleware that answers without calling the service.
impl<F> Default for SseBody<F> {
    fn default() -> Self {
        Self { state: State::Done }
    }
}

impl<F: Future<Output: HandlerOutput>> Body for SseBody<F> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let bytes = match &mut self.state {
            State::Stream(stream) => ready!(stream.as_mut().poll_bytes(cx)),
            State::Text(text) => Some(std::mem::take(text)),
            State::Done => None,
        };
        if !matches!((&self.state, &bytes), (State::Stream(_), Some(_))) {
            self.state = State::Done;
        }
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Done)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Stream(_) => SizeHint::new(),
            State::Text(text) => SizeHint::with_exact(text.len() as u64),
            State::Done => SizeHint::with_exact(0),
        }
    }
}

impl<F> fmt::Debug for SseBody<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Stream(_) => "stream",
            State::Text(_) => "text",
            State::Done => "done",
        };
        f.debug_tuple("SseBody").field(&state).finish()
    }
}
