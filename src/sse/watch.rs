use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{
            AtomicU64, AtomicUsize,
            Ordering::{Acquire, Release, SeqCst},
        },
    },
    task::{Context, Wake, Waker},
};

use tokio::{
    task::unconstrained,
    time::{Duration, Instant},
};

use crate::{
    caught::caught,
    options::Options,
    session::{CloseReason, SessionEntry},
    timer::Timer,
};

/// Closes a session whose client does not read, or that is idle.
///
/// A client does not read if the server took bytes and did not ask for more during the whole timeout. Such a
/// server does not poll the stream, so no task would notice. Therefore the waker of the timer is the check
/// itself. It runs in the thread of the runtime's timer.
pub(super) struct Watch {
    check: Arc<Check>,
}

struct Check {
    session: SessionEntry,
    options: Arc<Options>,
    start: Instant,
    /// When the server last got bytes, in microseconds since the start. `ASKED` if it has asked for more.
    given: AtomicU64,
    /// Set to `None` when the stream is gone, to break a reference cycle: the timer's waker holds the
    /// check, and the check holds the timer.
    timing: Mutex<Option<Timing>>,
    /// How many wakes came since the check last ran to its end.
    wakes: AtomicUsize,
}

struct Timing {
    timer: Pin<Box<Timer>>,
    /// A client that seems to have stalled: the value of `given`, and when to look for the last time.
    suspicion: Option<(u64, Instant)>,
}

const ASKED: u64 = u64::MAX;

/// A timer that is later than this shows that the process did not run.
const LATE: Duration = Duration::from_secs(1);

impl Watch {
    /// Starts the watch, if an option needs it. The server has the head of the response, and has not yet asked
    /// for the body.
    pub(super) fn new(session: SessionEntry, options: Arc<Options>, now: Instant) -> Option<Self> {
        let timeouts = [options.stall_timeout, options.idle_timeout];
        let first = timeouts.into_iter().flatten().min()?;
        let check = Arc::new(Check {
            session,
            options,
            start: now,
            given: AtomicU64::new(0),
            timing: Mutex::new(Some(Timing {
                timer: Box::pin(Timer::new(now + first.mul_f64(0.875))),
                suspicion: None,
            })),
            wakes: AtomicUsize::new(0),
        });
        Waker::from(Arc::clone(&check)).wake();
        Some(Self { check })
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

impl Drop for Watch {
    fn drop(&mut self) {
        let timing = &self.check.timing;
        let timing = timing.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(timing);
    }
}

impl Check {
    /// The reason to close the session, if there is one. If not, sets the timer to the earliest time at which
    /// there can be one.
    fn run(self: &Arc<Self>) -> Option<CloseReason> {
        let mut slot = self.timing.lock().unwrap_or_else(PoisonError::into_inner);
        let Timing { timer, suspicion } = slot.as_mut()?;
        let waker = Waker::from(Arc::clone(self));
        loop {
            let given = self.given.load(Acquire);
            let stall = self.stall(given, *suspicion);
            let idle = self.idle();
            let deadline = stall.into_iter().chain(idle).min()?;
            // `unconstrained`, because this may run in a task whose budget is used up. The timer would then
            // wake this waker at once and not register it.
            let poll = poll_fn(|cx| timer.as_mut().poll_until(cx, || deadline));
            let polled = pin!(unconstrained(poll)).poll(&mut Context::from_waker(&waker));
            if polled.is_pending() {
                return None;
            }
            let now = Instant::now();
            if self.idle().is_some_and(|idle| idle <= now) {
                return Some(CloseReason::Idle);
            }
            let has_stalled = stall.is_some_and(|stall| stall <= now) && given != ASKED;
            if !has_stalled || given != self.given.load(Acquire) {
                continue;
            }
            // A process that was stopped fires all timers at once, before it can write.
            let timeout = self.options.stall_timeout.unwrap_or_default();
            let is_late = now - timer.deadline() > last_part(timeout).max(LATE);
            match *suspicion {
                _ if is_late => *suspicion = Some((given, now + timeout)),
                Some((suspected, _)) if suspected == given => return Some(CloseReason::Stalled),
                _ => *suspicion = Some((given, now + last_part(timeout))),
            }
        }
    }

    /// When the client can have stalled.
    fn stall(&self, given: u64, suspicion: Option<(u64, Instant)>) -> Option<Instant> {
        let timeout = self.options.stall_timeout?;
        Some(match (given, suspicion) {
            (ASKED, _) => Instant::now() + timeout,
            (given, Some((suspected, until))) if suspected == given => until,
            (micros, _) => {
                self.start + Duration::from_micros(micros) + timeout - last_part(timeout)
            }
        })
    }

    /// When the session can be idle.
    fn idle(&self) -> Option<Instant> {
        let last = self.session.state().last_activity()?;
        Some(last + self.options.idle_timeout?)
    }
}

/// The last part of a timeout. A check before it makes sure that the process runs at both ends of this part.
fn last_part(timeout: Duration) -> Duration {
    timeout / 8
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
            if let Some(reason) = self.run() {
                // A panic of other code must not unwind through the runtime's timer.
                let close = || match reason {
                    CloseReason::Idle => self.session.close(reason),
                    _ => self.session.cut(reason),
                };
                caught(close);
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
