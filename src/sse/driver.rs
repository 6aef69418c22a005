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
    session::{CloseReason, SessionGuard},
};

use super::{frames::Frames, service::Timing, silence::Silence, stall::StallWatch};

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
        frames: Frames,
        last_sent: Instant,
        #[pin]
        keep_alive: Option<Silence>,
        // Boxed: it is off by default, and should take no room then.
        idle: Option<Pin<Box<Silence>>>,
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
    ) -> Pin<Box<Self>> {
        let now = Instant::now();
        let stall = |timeout| StallWatch::new(guard.entry().clone(), timeout, now);
        Box::pin(Self {
            stall: timing.stall_timeout.map(stall),
            guard,
            handler,
            endpoint: Some(endpoint),
            frames: Frames::default(),
            last_sent: now,
            keep_alive: timing
                .keep_alive
                .map(|interval| Silence::new(interval, now)),
            idle: timing
                .idle_timeout
                .map(|timeout| Box::pin(Silence::new(timeout, now))),
        })
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

        let next = || channel.next_outgoing();
        if let Some(rest) = this.frames.rest(next) {
            return Poll::Ready(Some(rest));
        }
        match channel.poll_outgoing(cx) {
            Poll::Ready(Some(first)) => return Poll::Ready(Some(this.frames.frame(first, next))),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }

        if let (Some(idle), Some(last)) = (this.idle, channel.last_activity()) {
            if idle.as_mut().poll_since(cx, last).is_ready() {
                session.end(CloseReason::Idle);
                caught(|| channel.observer().in_scope(|| this.handler.set(None)));
                // What somebody sent just now, while it still could be, goes out.
                return Poll::Ready(next().map(|last| this.frames.frame(last, next)));
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
