use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::time::{Duration, Instant, Sleep, sleep};

/// Says when a body made no progress for a time: at the latest after twice that time, since progress
/// moves no timer, it is only looked at when that fires.
pub(super) struct Stall {
    // Boxed: only a body that comes in pieces makes one.
    timer: Pin<Box<Sleep>>,
    timeout: Duration,
    progressed: bool,
}

impl Stall {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            timer: Box::pin(sleep(timeout)),
            timeout,
            progressed: false,
        }
    }

    pub(super) fn progress(&mut self) {
        self.progressed = true;
    }

    /// Ready when it stalls.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(cx));
            if !std::mem::take(&mut self.progressed) {
                return Poll::Ready(());
            }
            let deadline = Instant::now() + self.timeout;
            self.timer.as_mut().reset(deadline);
        }
    }
}
