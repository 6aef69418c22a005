use std::pin::pin;

use crate::sync::{
    Notify,
    atomic::{AtomicBool, AtomicU8, Ordering},
};

use super::close_reason::CloseReason;

/// Whether a session is open, draining or closed, and whether its stream is gone.
pub(super) struct Lifecycle {
    /// Why it drains, or `OPEN`. Both reasons are indices into `CloseReason::ALL`.
    drains: AtomicU8,
    /// Why it is closed, or `OPEN`.
    closed: AtomicU8,
    has_left: AtomicBool,
    changed: Notify,
}

const OPEN: u8 = u8::MAX;

impl Lifecycle {
    pub(super) fn new() -> Self {
        Self {
            drains: AtomicU8::new(OPEN),
            closed: AtomicU8::new(OPEN),
            has_left: AtomicBool::new(false),
            changed: Notify::new(),
        }
    }

    /// Sets the reason for which it drains if none is set. Call [`notify`](Self::notify) after it.
    pub(super) fn drain(&self, reason: CloseReason) {
        set(&self.drains, reason);
    }

    pub(super) fn drain_reason(&self) -> Option<CloseReason> {
        get(&self.drains)
    }

    /// Sets the reason of the close if none is set. Returns whether it was set. Call
    /// [`notify`](Self::notify) after it.
    pub(super) fn close(&self, reason: CloseReason) -> bool {
        set(&self.closed, reason)
    }

    pub(super) fn close_reason(&self) -> Option<CloseReason> {
        get(&self.closed)
    }

    /// The stream is gone. Call [`notify`](Self::notify) after it.
    pub(super) fn leave(&self) {
        self.has_left.store(true, Ordering::Release);
    }

    /// Wakes all futures that wait for a change.
    pub(super) fn notify(&self) {
        self.changed.notify_waiters();
    }

    pub(super) async fn closed(&self) -> CloseReason {
        self.until(|| self.close_reason()).await
    }

    /// Waits until the session drains or is closed.
    pub(super) async fn draining(&self) {
        self.until(|| self.drain_reason().or(self.close_reason()))
            .await;
    }

    /// Waits until the stream is gone.
    pub(super) async fn left(&self) {
        self.until(|| self.has_left.load(Ordering::Acquire).then_some(()))
            .await;
    }

    async fn until<T>(&self, read: impl Fn() -> Option<T>) -> T {
        loop {
            let mut changed = pin!(self.changed.notified());
            // Register before reading, so that a change between the two is not missed.
            changed.as_mut().enable();
            if let Some(read) = read() {
                return read;
            }
            changed.await;
        }
    }
}

fn set(place: &AtomicU8, reason: CloseReason) -> bool {
    let (release, acquire) = (Ordering::Release, Ordering::Acquire);
    place
        .compare_exchange(OPEN, reason as u8, release, acquire)
        .is_ok()
}

fn get(place: &AtomicU8) -> Option<CloseReason> {
    let reason = place.load(Ordering::Acquire);
    CloseReason::ALL.get(usize::from(reason)).copied()
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
