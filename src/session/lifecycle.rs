use std::pin::pin;

use crate::sync::{
    Notify,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use super::close_reason::CloseReason;

/// Whether a session is open, draining or closed.
pub(super) struct Lifecycle {
    is_draining: AtomicBool,
    /// An index into `CloseReason::ALL`, or `OPEN`.
    reason: AtomicU8,
    closed: Notify,
}

const OPEN: u8 = u8::MAX;

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self {
            is_draining: AtomicBool::new(false),
            reason: AtomicU8::new(OPEN),
            closed: Notify::new(),
        }
    }

    pub(super) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.is_draining.load(Ordering::Relaxed)
    }

    /// Sets the reason if none is set. Returns whether it was set.
    pub(super) fn close(&self, reason: CloseReason) -> bool {
        let (release, acquire) = (Ordering::Release, Ordering::Acquire);
        self.reason
            .compare_exchange(OPEN, reason as u8, release, acquire)
            .is_ok()
    }

    pub(super) fn close_reason(&self) -> Option<CloseReason> {
        let reason = self.reason.load(Ordering::Acquire);
        CloseReason::ALL.get(usize::from(reason)).copied()
    }

    /// Wakes all futures that wait in [`closed`](Self::closed). Call it after [`close`](Self::close).
    pub(super) fn notify(&self) {
        self.closed.notify_waiters();
    }

    pub(super) async fn closed(&self) -> CloseReason {
        loop {
            let mut closed = pin!(self.closed.notified());
            // Register before reading the reason, so that a close between the two is not missed.
            closed.as_mut().enable();
            if let Some(reason) = self.close_reason() {
                return reason;
            }
            closed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_close_reason_is_kept() {
        for reason in CloseReason::ALL {
            let lifecycle = Lifecycle::new();
            assert_eq!(lifecycle.close_reason(), None);
            assert!(lifecycle.close(reason));
            for later in CloseReason::ALL {
                assert!(!lifecycle.close(later));
            }
            assert_eq!(lifecycle.close_reason(), Some(reason));
        }
    }
}
