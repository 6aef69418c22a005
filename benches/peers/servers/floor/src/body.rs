use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc::UnboundedReceiver;

use crate::Sessions;

/// The body of a response: a short text, or a stream that stays open while the client is connected.
pub(crate) enum Body {
    Text(Option<Bytes>),
    Events(Events),
}

/// A session's stream. When hyper drops it, the session is removed.
pub(crate) struct Events {
    receiver: UnboundedReceiver<Bytes>,
    sessions: Sessions,
    id: u64,
}

impl Events {
    pub(crate) fn new(receiver: UnboundedReceiver<Bytes>, sessions: Sessions, id: u64) -> Self {
        Self {
            receiver,
            sessions,
            id,
        }
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.sessions.lock().unwrap().remove(&self.id);
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let data = match self.get_mut() {
            Self::Text(text) => text.take(),
            Self::Events(events) => ready!(events.receiver.poll_recv(cx)),
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Text(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Text(text) => SizeHint::with_exact(text.as_ref().map_or(0, Bytes::len) as u64),
            Self::Events(_) => SizeHint::default(),
        }
    }
}
