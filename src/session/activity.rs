use std::sync::atomic::{AtomicU64, Ordering};

use tokio::time::{Duration, Instant};

/// The time of the last message, in milliseconds.
pub(super) struct Activity {
    start: Instant,
    millis: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            millis: AtomicU64::new(0),
        }
    }

    pub(super) fn touch(&self) {
        let millis = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Relaxed: a reader that sees an old value sets its timer too early, and then reads again.
        self.millis.fetch_max(millis, Ordering::Relaxed);
    }

    pub(super) fn last(&self) -> Instant {
        self.start + Duration::from_millis(self.millis.load(Ordering::Relaxed))
    }
}
