use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use pin_project_lite::pin_project;

use crate::{event, message::Message, session::SessionGuard};

use super::keep_alive::KeepAlive;

/// Messages that wait together go out together, until a frame has this many bytes.
const FRAME_BYTES: usize = 16 * 1024;

pin_project! {
    /// What drives a session: its registry entry, its handler, its outbox and its timer.
    ///
    /// The handler runs first, so that what it sends goes out with the same poll, and so that others
    /// who send to the session cannot keep it from running. A handler that sends more than the
    /// outbox holds waits until the next poll, after the frame.
    pub(super) struct Driver<F> {
        // Before the handler: the session ends first, and what the handler's own drop does finds it so.
        guard: SessionGuard,
        #[pin]
        handler: Option<F>,
        endpoint: Option<Bytes>,
        #[pin]
        keep_alive: Option<KeepAlive>,
    }
}

impl<F: Future<Output = ()>> Driver<F> {
    pub(super) fn new(
        guard: SessionGuard,
        handler: Option<F>,
        endpoint: Bytes,
        keep_alive: Option<KeepAlive>,
    ) -> Self {
        Self {
            guard,
            handler,
            endpoint: Some(endpoint),
            keep_alive,
        }
    }

    /// The next bytes of the stream, or `None` at its end. Not to be polled after that.
    pub(super) fn poll_bytes(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut this = self.project();
        let channel = this.guard.channel();
        if let Some(endpoint) = this.endpoint.take() {
            return Poll::Ready(Some(endpoint));
        }

        channel.disarm();
        if let Some(handler) = this.handler.as_mut().as_pin_mut() {
            let running =
                !channel.has_ended() && caught(|| handler.poll(cx)) == Some(Poll::Pending);
            if !running {
                this.guard.end();
                caught(|| this.handler.set(None));
            }
        }

        match channel.poll_outgoing(cx) {
            Poll::Ready(Some(first)) => {
                if let Some(keep_alive) = this.keep_alive.as_pin_mut() {
                    keep_alive.sent();
                }
                return Poll::Ready(Some(frame(&first, || channel.next_outgoing())));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        match this.keep_alive.as_pin_mut() {
            Some(keep_alive) => keep_alive.poll_silent(cx).map(|()| Some(event::KEEP_ALIVE)),
            None => Poll::Pending,
        }
    }
}

/// Runs a handler's code; a panic in it, which the panic hook has reported, is this session's end and
/// no other's. Unwind safe: a handler that panicked is dropped and never run again, and what it shares
/// with the stream is whole whenever its code runs.
fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}

/// The messages that wait, as events, in one piece.
fn frame(first: &Message, mut next: impl FnMut() -> Option<Message>) -> Bytes {
    let mut frame = Vec::with_capacity(event::message_len(first.as_bytes()));
    event::message(&mut frame, first.as_bytes());
    while frame.len() < FRAME_BYTES {
        let Some(message) = next() else { break };
        frame.reserve(event::message_len(message.as_bytes()));
        event::message(&mut frame, message.as_bytes());
    }
    frame.into()
}
