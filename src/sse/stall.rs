use std::{
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{Acquire, Release, SeqCst},
        },
    },
    task::{Context, Poll, Wake, Waker},
};

use tokio::{
    task::unconstrained,
    time::{Duration, Instant},
};

use crate::{
    session::{CloseReason, SessionEntry},
    timer::Timer,
};

/// Closes a session whose client does not read: the server took bytes, and did not ask for more during
/// the whole timeout.
///
/// A server that cannot write does not poll the stream, so no task would notice the stall. Therefore the
/// waker of the timer is the check itself. It runs in the thread of the runtime's timer.
pub(super) struct StallWatch {
    check: Arc<Check>,
}

struct Check {
    session: SessionEntry,
    timeout: Duration,
    start: Instant,
    /// When the server last got bytes, in microseconds since the start. `ASKED` if it has asked for more.
    given: AtomicU64,
    /// Set to `None` when the stream is gone, to break a reference cycle: the timer's waker holds the
    /// check, and the check holds the timer.
    timer: Mutex<Option<Pin<Box<Timer>>>>,
    /// How many wakes came since the check last ran to its end.
    wakes: AtomicUsize,
}

const ASKED: u64 = u64::MAX;

impl StallWatch {
    /// Starts the watch. The server has the head of the response, and has not yet asked for the body.
    pub(super) fn new(session: SessionEntry, timeout: Duration, now: Instant) -> Self {
        let timer = Timer::new(now + timeout);
        let check = Arc::new(Check {
            session,
            timeout,
            start: now,
            given: AtomicU64::new(0),
            timer: Mutex::new(Some(Box::pin(timer))),
            wakes: AtomicUsize::new(0),
        });
        Waker::from(Arc::clone(&check)).wake();
        Self { check }
    }

    /// Call it when the server asks for more bytes.
    pub(super) fn asked(&self) {
        self.check.given.store(ASKED, Release);
    }

    /// Call it when the server gets bytes.
    pub(super) fn given(&self, now: Instant) {
        let micros = u64::try_from((now - self.check.start).as_micros());
        self.check.given.store(micros.unwrap_or(ASKED - 1), Release);
    }
}

impl Drop for StallWatch {
    fn drop(&mut self) {
        let mut timer = self
            .check
            .timer
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let timer = timer.take();
        drop(timer);
    }
}

impl Check {
    /// Whether the client has stalled. If not, sets the timer to the earliest time at which it can have
    /// stalled.
    fn has_stalled(self: &Arc<Self>) -> bool {
        let mut slot = self.timer.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(timer) = slot.as_mut() else {
            return false;
        };
        let waker = Waker::from(Arc::clone(self));
        loop {
            let given = self.given.load(Acquire);
            let deadline = || {
                let since = match given {
                    ASKED => Instant::now(),
                    micros => self.start + Duration::from_micros(micros),
                };
                since + self.timeout
            };
            // `unconstrained`, because this may run in a task whose budget is used up. The timer would then
            // wake this waker at once and not register it.
            let poll = poll_fn(|cx| timer.as_mut().poll_until(cx, deadline));
            let polled = pin!(unconstrained(poll)).poll(&mut Context::from_waker(&waker));
            match polled {
                Poll::Pending => return false,
                Poll::Ready(()) if given == self.given.load(Acquire) => return true,
                Poll::Ready(()) => {}
            }
        }
    }
}

impl Wake for Check {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // If the check is running, it runs once more after that. Its own poll of the timer may wake it.
        if self.wakes.fetch_add(1, SeqCst) > 0 {
            return;
        }
        loop {
            let wakes = self.wakes.load(SeqCst);
            if self.has_stalled() {
                // A panic of other code must not unwind through the runtime's timer.
                let cut = || self.session.cut(CloseReason::Stalled);
                let _ = catch_unwind(AssertUnwindSafe(cut));
                return;
            }
            if self
                .wakes
                .compare_exchange(wakes, 0, SeqCst, SeqCst)
                .is_ok()
            {
                return;
            }
        }
    }
}
