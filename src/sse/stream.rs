use std::{
    fmt::Display,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::time::{Duration, Instant};

use crate::{
    caught::caught,
    event,
    handler::{HandlerOutput, Output as _},
    observe::SessionObserver,
    options::Options,
    session::{CloseReason, StreamGuard},
    timer::Timer,
};

use super::{frames::Frames, last_words::LastWords, watch::Watch};

/// How far the end of a stream has come.
enum End {
    /// The outbox is not closed, or not empty.
    NotYet,
    // Boxed, because most of the life of a stream is before its end.
    Words(Box<LastWords>),
    Lingers,
}

/// How long a stream stays open after its last bytes. go-sdk's client loses a message that is followed at
/// once by the end of the stream.
const LINGER: Duration = Duration::from_millis(100);

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
        // For the keep-alive, and for the end.
        #[pin]
        timer: Option<Timer>,
        watch: Option<Watch>,
        end: End,
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

impl<F: Future<Output: HandlerOutput>> Stream<F> {
    pub(super) fn new(
        guard: StreamGuard,
        handler: Option<F>,
        endpoint: Bytes,
        options: Arc<Options>,
    ) -> Pin<Box<Self>> {
        let now = Instant::now();
        let watch = Watch::new(guard.entry().clone(), Arc::clone(&options), now);
        let timer = |interval| Timer::new(now + interval);
        Box::pin(Self {
            watch,
            guard,
            handler,
            endpoint: Some(endpoint),
            frames: Frames::default(),
            timer: options.keep_alive.map(timer),
            options,
            last_sent: now,
            end: End::NotYet,
        })
    }

    /// The next bytes of the stream, or `None` at its end. It must not be polled after that.
    pub(super) fn poll_bytes(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Bytes>> {
        let this = self.as_mut().project();
        this.guard.entry().state().set_asks(true);
        if let Some(watch) = this.watch {
            watch.asked();
        }
        let bytes = self.as_mut().poll_next(cx);
        if let Poll::Ready(Some(bytes)) = &bytes {
            let this = self.project();
            this.guard.entry().state().set_asks(false);
            this.guard.entry().state().observer.wrote(bytes.len());
            *this.last_sent = Instant::now();
            if let Some(watch) = this.watch {
                watch.given(*this.last_sent);
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
            Poll::Ready(None) => self.poll_end(cx),
            Poll::Pending => self.poll_timer(cx),
        }
    }

    /// Polls the handler while the session is open. Closes the session when the handler completes.
    ///
    /// A handler that panicked is dropped and not polled again. The state that it shares with the stream is
    /// consistent whenever its code runs.
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
                Some(Poll::Ready(output)) => {
                    // A handler may fail because its session was closed. That is no news.
                    let is_news = state.close_reason().is_none();
                    let failed = |error: &dyn Display| {
                        if is_news {
                            state.observer.failed(error);
                        }
                    };
                    match caught(|| output.report(failed)) {
                        Some(true) => state.reason_of_return(),
                        Some(false) => CloseReason::HandlerFailed,
                        None => CloseReason::HandlerPanicked,
                    }
                }
                None => CloseReason::HandlerPanicked,
            };
            session.close(reason);
        }
        caught(|| state.observer.in_scope(|| this.handler.set(None)));
    }

    /// Called when no message waits. Sends a keep-alive after enough silence.
    fn poll_timer(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let this = self.project();
        let (Some(timer), Some(interval)) = (this.timer.as_pin_mut(), this.options.keep_alive)
        else {
            return Poll::Pending;
        };
        let last_sent = *this.last_sent;
        ready!(timer.poll_until(cx, || last_sent + interval));
        this.guard.entry().state().observer.kept_alive();
        Poll::Ready(Some(event::KEEP_ALIVE))
    }

    /// Called when the session is closed and the outbox is empty. Tells the client which requests have no
    /// answer, and ends the stream a moment later.
    fn poll_end(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut this = self.project();
        let state = this.guard.entry().state();
        let deadline = *this.last_sent + LINGER;
        if let End::NotYet = this.end {
            *this.end = End::Words(Box::new(LastWords::new(state)));
        }
        if let End::Words(words) = this.end {
            if let Some(frame) = words.frame() {
                return Poll::Ready(Some(frame));
            }
            *this.end = End::Lingers;
            // Without timers there may be no runtime.
            if this.timer.is_some() || this.watch.is_some() {
                this.timer.set(Some(Timer::new(deadline)));
            }
        }
        match this.timer.as_pin_mut() {
            Some(timer) => timer.poll_until(cx, || deadline).map(|()| None),
            None => Poll::Ready(None),
        }
    }
}
