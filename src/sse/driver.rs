use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::{
    event,
    observe::SessionObserver,
    session::{CloseReason, Outgoing, SessionGuard},
};

use super::{service::Timing, silence::Silence, stall::StallWatch};

/// Messages that wait together go out together, until a frame has this many bytes.
const FRAME_BYTES: usize = 16 * 1024;

pin_project! {
    /// What drives a session: its registry entry, its handler, its outbox and its timers.
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
        last_sent: Instant,
        #[pin]
        keep_alive: Option<Silence>,
        #[pin]
        idle: Option<Silence>,
        stall: Option<StallWatch>,
    }

    impl<F> PinnedDrop for Driver<F> {
        fn drop(this: Pin<&mut Self>) {
            if !SessionObserver::HAS_SPANS {
                return;
            }
            let mut this = this.project();
            // First, so that what the handler's own drop does finds the session ended.
            this.guard.end();
            let channel = this.guard.entry().channel();
            channel.observer().in_scope(|| this.handler.set(None));
        }
    }
}

impl<F: Future<Output = ()>> Driver<F> {
    pub(super) fn new(
        guard: SessionGuard,
        handler: Option<F>,
        endpoint: Bytes,
        timing: &Timing,
    ) -> Self {
        let stall = |timeout| StallWatch::new(guard.entry().clone(), timeout);
        Self {
            stall: timing.stall_timeout.map(stall),
            guard,
            handler,
            endpoint: Some(endpoint),
            last_sent: Instant::now(),
            keep_alive: timing.keep_alive.map(Silence::new),
            idle: timing.idle_timeout.map(Silence::new),
        }
    }

    /// The next bytes of the stream, or `None` at its end. Not to be polled after that.
    pub(super) fn poll_bytes(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        if let Some(stall) = self.as_mut().project().stall {
            stall.asked();
        }
        let bytes = self.as_mut().poll_next(cx);
        if let Poll::Ready(Some(bytes)) = &bytes {
            let this = self.project();
            this.guard.entry().channel().observer().gave(bytes.len());
            *this.last_sent = Instant::now();
            if let Some(stall) = this.stall {
                stall.given(*this.last_sent);
            }
        }
        bytes
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut this = self.project();
        let session = this.guard.entry();
        let channel = session.channel();
        if let Some(endpoint) = this.endpoint.take() {
            return Poll::Ready(Some(endpoint));
        }

        let open = channel.disarm();
        if let Some(handler) = this.handler.as_mut().as_pin_mut() {
            let polled = open.then(|| caught(|| channel.observer().in_scope(|| handler.poll(cx))));
            if let Some(None) = polled {
                channel.fail_open_requests();
            }
            if polled != Some(Some(Poll::Pending)) {
                session.end(match polled {
                    Some(None) => CloseReason::HandlerPanicked,
                    _ => channel.reason_of_return(),
                });
                caught(|| channel.observer().in_scope(|| this.handler.set(None)));
            }
        }

        match channel.poll_outgoing(cx) {
            Poll::Ready(Some(first)) => {
                return Poll::Ready(Some(frame(first, || channel.next_outgoing())));
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }

        if let (Some(idle), Some(last)) = (this.idle.as_pin_mut(), channel.last_activity()) {
            if idle.poll_since(cx, last).is_ready() {
                session.end(CloseReason::Idle);
                caught(|| channel.observer().in_scope(|| this.handler.set(None)));
                // What somebody sent just now, while it still could be, goes out.
                let last = channel.next_outgoing();
                return Poll::Ready(last.map(|last| frame(last, || channel.next_outgoing())));
            }
        }
        match this.keep_alive.as_pin_mut() {
            Some(keep_alive) => {
                let silent = keep_alive.poll_since(cx, *this.last_sent);
                silent.map(|()| {
                    channel.observer().kept_alive();
                    Some(event::KEEP_ALIVE)
                })
            }
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

/// What waits, as events, in one piece. An event that others have, too, and that goes alone is not
/// copied.
fn frame(first: Outgoing, mut next: impl FnMut() -> Option<Outgoing>) -> Bytes {
    let mut second = None;
    if let Outgoing::Event(event) = first {
        if event.len() < FRAME_BYTES {
            second = next();
        }
        if second.is_none() {
            return event;
        }
        let mut frame = event.to_vec();
        extend(&mut frame, second, next);
        return frame.into();
    }
    let mut frame = Vec::new();
    extend(&mut frame, Some(first), next);
    frame.into()
}

/// Writes what waits until there is nothing more, or the frame is large.
fn extend(
    frame: &mut Vec<u8>,
    mut outgoing: Option<Outgoing>,
    mut next: impl FnMut() -> Option<Outgoing>,
) {
    while let Some(some) = outgoing {
        match some {
            Outgoing::Message(message) => {
                let text = message.as_bytes();
                match frame.is_empty() {
                    // Mostly a message goes alone, and then nothing is left over.
                    true => frame.reserve_exact(event::message_len(text)),
                    false => frame.reserve(event::message_len(text)),
                }
                event::message(frame, text);
            }
            Outgoing::Event(event) => frame.extend_from_slice(&event),
        }
        outgoing = if frame.len() < FRAME_BYTES {
            next()
        } else {
            None
        };
    }
}
