use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::{self, Duration, Instant, Sleep};

pin_project! {
    /// Says when nothing has happened for an interval.
    ///
    /// The timer is left to run when something happens: looking again when it fires costs less than
    /// moving it each time.
    pub(super) struct Silence {
        #[pin]
        sleep: Sleep,
        interval: Duration,
    }
}

impl Silence {
    pub(super) fn new(interval: Duration, now: Instant) -> Self {
        Self {
            sleep: time::sleep_until(now + interval),
            interval,
        }
    }

    /// Ready when the last thing that happened was an interval ago, and each time until something
    /// happens again.
    pub(super) fn poll_since(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        last: Instant,
    ) -> Poll<()> {
        let mut this = self.project();
        loop {
            ready!(this.sleep.as_mut().poll(cx));
            let left = this.interval.saturating_sub(last.elapsed());
            if left.is_zero() {
                return Poll::Ready(());
            }
            this.sleep.as_mut().reset(Instant::now() + left);
        }
    }
}
