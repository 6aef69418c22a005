use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::{self, Duration, Instant, Sleep};

pin_project! {
    /// Says when a stream has been silent for an interval.
    pub(super) struct KeepAlive {
        #[pin]
        sleep: Sleep,
        interval: Duration,
        last: Instant,
    }
}

impl KeepAlive {
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            sleep: time::sleep(interval),
            interval,
            last: Instant::now(),
        }
    }

    /// Something was sent. The timer is left to run: moving it for each event would cost more than
    /// looking again when it fires.
    pub(super) fn sent(self: Pin<&mut Self>) {
        *self.project().last = Instant::now();
    }

    /// Ready when nothing was sent for an interval; counts as sent then.
    pub(super) fn poll_silent(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            ready!(this.sleep.as_mut().poll(cx));
            let now = Instant::now();
            let due = *this.last + *this.interval;
            if due > now {
                this.sleep.as_mut().reset(due);
                continue;
            }
            *this.last = now;
            this.sleep.as_mut().reset(now + *this.interval);
            return Poll::Ready(());
        }
    }
}
