use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Wake, Waker},
};

use tokio::{
    task::unconstrained,
    time::{Duration, Instant, Sleep, sleep_until},
};

use crate::session::{CloseReason, SessionEntry};

/// Ends a session whose client does not read: bytes were given to the server, and for some time it
/// did not ask for more.
///
/// A server that cannot write does not poll the stream, so nobody who is polled could see it. The timer
/// therefore wakes no task: its waker is the check itself, which needs no task and no sweep.
pub(super) struct StallWatch {
    // Boxed with the rest of what drives a stream, and pinned there.
    timer: Pin<Box<Sleep>>,
    /// When the timer was set, and how often it had fired before.
    set: Option<(Instant, u64)>,
    check: Arc<Check>,
    waker: Waker,
}

struct Check {
    session: SessionEntry,
    timeout: Duration,
    start: Instant,
    /// When bytes were given that were not asked beyond yet, in milliseconds since the start, or
    /// `ASKED`.
    given: AtomicU64,
    /// How often the timer fired.
    fired: AtomicU64,
}

const ASKED: u64 = u64::MAX;

impl StallWatch {
    pub(super) fn new(session: SessionEntry, timeout: Duration, now: Instant) -> Self {
        let check = Arc::new(Check {
            session,
            timeout,
            start: now,
            given: AtomicU64::new(ASKED),
            fired: AtomicU64::new(0),
        });
        Self {
            timer: Box::pin(sleep_until(now + timeout)),
            set: None,
            waker: Waker::from(Arc::clone(&check)),
            check,
        }
    }

    /// The server asks for more.
    pub(super) fn asked(&self) {
        self.check.given.store(ASKED, Ordering::Release);
    }

    /// Bytes are given to the server.
    pub(super) fn given(&mut self, now: Instant) {
        let given = self.check.millis(now);
        self.check.given.store(given, Ordering::SeqCst);
        // The timer is set late by as much as it may stay as it is: whatever is given meanwhile is old
        // enough when it fires.
        let slack = self.check.timeout / 8;
        if let Some((set, fired)) = self.set {
            // It may have fired just now, and have seen nothing given.
            if now < set + slack && fired == self.check.fired.load(Ordering::SeqCst) {
                return;
            }
        }
        let fired = self.fire_at(now + self.check.timeout + slack);
        self.set = Some((now, fired));
    }

    /// Sets the timer, and says how often it has fired before it does then.
    fn fire_at(&mut self, deadline: Instant) -> u64 {
        // A later deadline takes no lock of the timer's.
        self.timer.as_mut().reset(deadline);
        loop {
            let fired = self.check.fired.load(Ordering::Acquire);
            // Outside of the task's budget: without any left, the timer would wake its waker and not
            // listen.
            let timer = &mut self.timer;
            let mut cx = Context::from_waker(&self.waker);
            let polled = Pin::new(&mut unconstrained(timer.as_mut())).poll(&mut cx);
            if polled.is_ready() {
                // All the time passed right here, while this thread did not run.
                let timeout = self.check.timeout;
                self.timer.as_mut().reset(Instant::now() + timeout);
            } else if fired == self.check.fired.load(Ordering::Acquire) {
                return fired;
            }
            // If it fired just now, for the time before, it does not listen either.
        }
    }
}

impl Check {
    fn millis(&self, now: Instant) -> u64 {
        u64::try_from((now - self.start).as_millis()).unwrap_or(ASKED - 1)
    }
}

impl Wake for Check {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Either this sees what was given, or who gives sees that it fired.
        self.fired.fetch_add(1, Ordering::SeqCst);
        let given = self.given.load(Ordering::SeqCst);
        let timeout = u64::try_from(self.timeout.as_millis()).unwrap_or(ASKED);
        if given != ASKED && self.millis(Instant::now()).saturating_sub(given) >= timeout {
            self.session.cut(CloseReason::Stalled);
        }
    }
}
