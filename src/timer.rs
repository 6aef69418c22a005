//! The one kind of timer that the crate has.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tokio::time::{Duration, Instant, Sleep, sleep_until};

pin_project! {
    /// Waits for a deadline that often moves to a later time.
    ///
    /// tokio's timer is not reset when the deadline moves. When it fires, the deadline is checked again.
    /// This costs less than a reset with each message.
    pub(crate) struct Timer {
        #[pin]
        sleep: Sleep,
    }
}

impl Timer {
    pub(crate) fn new(deadline: Instant) -> Self {
        Self {
            sleep: sleep_until(deadline),
        }
    }

    /// When tokio's timer fires.
    pub(crate) fn deadline(&self) -> Instant {
        self.sleep.deadline()
    }

    /// Ready once the deadline has passed. `deadline` is called only when tokio's timer fires, and must
    /// not return an earlier time than before.
    pub(crate) fn poll_until(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut deadline: impl FnMut() -> Instant,
    ) -> Poll<()> {
        let mut sleep = self.project().sleep;
        loop {
            ready!(sleep.as_mut().poll(cx));
            let deadline = deadline();
            if sleep.deadline() >= deadline {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(deadline);
        }
    }
}

const FAR: Duration = Duration::from_secs(u32::MAX as u64);

/// Limits a duration to 136 years, so that adding it to a time does not overflow.
pub(crate) fn clamp(duration: Duration) -> Duration {
    duration.min(FAR)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::advance;
    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_timer_fires_at_its_deadline_after_the_deadline_moved() {
        let start = Instant::now();
        let at = |secs| start + Duration::from_secs(secs);
        let mut timer = task::spawn(Timer::new(at(10)));
        let mut poll = |deadline| timer.enter(|cx, timer| timer.poll_until(cx, || deadline));
        assert_pending!(poll(at(10)));
        assert_pending!(poll(at(20)));
        advance(Duration::from_secs(19)).await;
        assert_pending!(poll(at(20)));
        advance(Duration::from_secs(1)).await;
        assert_ready!(poll(at(20)));
        assert_pending!(poll(at(30)));
        advance(Duration::from_secs(10)).await;
        assert_ready!(poll(at(30)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_largest_duration_can_be_added_to_now() {
        let deadline = Instant::now() + clamp(Duration::MAX);
        let mut timer = pin!(Timer::new(deadline));
        let mut cx = Context::from_waker(std::task::Waker::noop());
        assert_pending!(timer.as_mut().poll_until(&mut cx, || deadline));
    }
}
