use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::{
    event,
    observe::SessionObserver,
    options::Options,
    session::{CloseReason, StreamGuard},
    timer::Timer,
};

use super::{frames::Frames, stall::StallWatch};

pin_project! {
    /// Drives a session: its handler, its outbox and its timers.
    ///
    /// Each poll runs the handler first, for two reasons: its messages go out in the same poll, and other
    /// senders cannot keep it from running. If the handler fills the outbox, it continues at the next
    /// poll, after a frame has made room.
    pub(super) struct Stream<F> {
        // Dropped before the handler, which then finds its session closed.
        guard: StreamGuard,
        #[pin]
        handler: Option<F>,
        endpoint: Option<Bytes>,
        frames: Frames,
        options: Arc<Options>,
        last_sent: Instant,
        // For the keep-alive and the idle timeout.
        #[pin]
        timer: Option<Timer>,
        stall: Option<StallWatch>,
    }

    impl<F> PinnedDrop for Stream<F> {
        fn drop(this: Pin<&mut Self>) {
            if !SessionObserver::HAS_SPANS {
                return;
            }
            let mut this = this.project();
            // The same order as that of the fields: close the session first, then drop the handler.
            this.guard.close();
            let state = this.guard.entry().state();
            state.observer.in_scope(|| this.handler.set(None));
        }
    }
}

impl<F: Future<Output = ()>> Stream<F> {
    pub(super) fn new(
        guard: StreamGuard,
        handler: Option<F>,
        endpoint: Bytes,
        options: Arc<Options>,
    ) -> Pin<Box<Self>> {
        let now = Instant::now();
        let stall = |timeout| StallWatch::new(guard.entry().clone(), timeout, now);
        let interval = options
            .keep_alive
            .into_iter()
            .chain(options.idle_timeout)
            .min();
        Box::pin(Self {
            stall: options.stall_timeout.map(stall),
            guard,
            handler,
            endpoint: Some(endpoint),
            frames: Frames::default(),
            timer: interval.map(|interval| Timer::new(now + interval)),
            options,
            last_sent: now,
        })
    }

    /// The next bytes of the stream, or `None` at its end. It must not be polled after that.
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
            this.guard.entry().state().observer.wrote(bytes.len());
            *this.last_sent = Instant::now();
            if let Some(stall) = this.stall {
                stall.given(*this.last_sent);
            }
        }
        bytes
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(endpoint) = self.as_mut().project().endpoint.take() {
            return Poll::Ready(Some(endpoint));
        }
        self.as_mut().poll_handler(cx);
        let this = self.as_mut().project();
        let state = this.guard.entry().state();
        let next = || state.next_outgoing();
        if let Some(rest) = this.frames.rest(next) {
            return Poll::Ready(Some(rest));
        }
        match state.poll_outgoing(cx) {
            Poll::Ready(Some(first)) => Poll::Ready(Some(this.frames.frame(first, next))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => self.poll_timer(cx),
        }
    }

    /// Polls the handler while the session is open. Closes the session when the handler completes.
    fn poll_handler(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        let session = this.guard.entry();
        let state = session.state();
        let is_open = state.disarm();
        let Some(handler) = this.handler.as_mut().as_pin_mut() else {
            return;
        };
        if is_open {
            let reason = match caught(|| state.observer.in_scope(|| handler.poll(cx))) {
                Some(Poll::Pending) => return,
                Some(Poll::Ready(())) => state.reason_of_return(),
                None => CloseReason::HandlerPanicked,
            };
            session.close(reason);
        }
        caught(|| state.observer.in_scope(|| this.handler.set(None)));
    }

    /// Called when no message waits. Sends a keep-alive after enough silence, and closes a session that
    /// was idle for too long.
    fn poll_timer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut this = self.project();
        let Some(timer) = this.timer.as_pin_mut() else {
            return Poll::Pending;
        };
        let session = this.guard.entry();
        let state = session.state();
        let options = &this.options;
        let keep_alive = || Some(*this.last_sent + options.keep_alive?);
        let idle = || Some(state.last_activity()? + options.idle_timeout?);
        let deadline = || {
            let first = keep_alive().into_iter().chain(idle()).min();
            first.expect("a stream without both has no timer")
        };
        ready!(timer.poll_until(cx, deadline));
        if idle().is_none_or(|idle| idle > Instant::now()) {
            state.observer.kept_alive();
            return Poll::Ready(Some(event::KEEP_ALIVE));
        }
        session.close(CloseReason::Idle);
        caught(|| state.observer.in_scope(|| this.handler.set(None)));
        // Messages that were sent just before the close are still written.
        let next = || state.next_outgoing();
        Poll::Ready(next().map(|last| this.frames.frame(last, next)))
    }
}

/// Runs code of a handler. `None` if it panics: the panic closes this session and no other.
///
/// Unwind safe: a handler that panicked is dropped and never polled again. The state that it shares with
/// the stream is consistent whenever its code runs.
fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
