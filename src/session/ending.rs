use std::pin::pin;

use crate::sync::{
    Notify,
    atomic::{AtomicBool, Ordering},
};

use super::close_reason::{CloseReason, FirstReason};

/// How a session's end is told.
pub(super) struct Ending {
    shuts_down: AtomicBool,
    reason: FirstReason,
    ended: Notify,
}

impl Ending {
    pub(super) fn new() -> Self {
        Self {
            shuts_down: AtomicBool::new(false),
            reason: FirstReason::new(),
            ended: Notify::new(),
        }
    }

    /// The server shuts down, and the session is being told.
    pub(super) fn shut_down(&self) {
        self.shuts_down.store(true, Ordering::Relaxed);
    }

    /// Why a session ends whose handler returns.
    pub(super) fn reason_of_return(&self) -> CloseReason {
        match self.shuts_down.load(Ordering::Relaxed) {
            true => CloseReason::Shutdown,
            false => CloseReason::HandlerReturned,
        }
    }

    /// Whether this is the first reason.
    pub(super) fn set(&self, reason: CloseReason) -> bool {
        self.reason.set(reason)
    }

    pub(super) fn reason(&self) -> Option<CloseReason> {
        self.reason.get()
    }

    /// Wakes all who wait. There is a reason by now.
    pub(super) fn notify(&self) {
        self.ended.notify_waiters();
    }

    pub(super) async fn wait(&self) -> CloseReason {
        loop {
            let mut ended = pin!(self.ended.notified());
            // Listen first, look then: an end between the two is not missed.
            ended.as_mut().enable();
            if let Some(reason) = self.reason() {
                return reason;
            }
            ended.await;
        }
    }
}
