//! The work that rmcp runs for clients, and its bounds. rmcp runs each request and each notification in a
//! task of its own, and does not bound their number.

use std::{
    fmt,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use rmcp::model::RequestId;

/// How much may run at the same time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Requests and notifications of a session.
    pub(crate) session_tasks: usize,
    /// Their bytes.
    pub(crate) session_bytes: usize,
    /// Requests and notifications of all sessions.
    pub(crate) total_tasks: usize,
    /// Their bytes.
    pub(crate) total_bytes: usize,
}

impl Limits {
    pub(crate) const DEFAULT: Self = Self {
        session_tasks: 1024,
        session_bytes: 64 * 1024 * 1024,
        total_tasks: 16 * 1024,
        total_bytes: 256 * 1024 * 1024,
    };
}

/// A session that runs nothing may run one message of at most this size, also if others have used up the
/// total. Without this, a few sessions could keep all others from being served.
const RESERVED: usize = 16 * 1024;

/// Why a message may not run now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Excess {
    /// A request with the same id runs.
    Id,
    /// The message alone weighs more than a session may.
    Message,
    Session,
    Total,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Id => "a request with the same id is running",
            Self::Message => "it takes more memory than a session may",
            Self::Session => "too much runs in its session",
            Self::Total => "too much runs in all sessions",
        })
    }
}

/// What runs in all sessions that share it.
#[derive(Debug)]
pub(crate) struct Total {
    limits: Limits,
    tasks: AtomicUsize,
    bytes: AtomicUsize,
}

impl Total {
    pub(crate) fn new(limits: Limits) -> Arc<Self> {
        Arc::new(Self {
            limits,
            tasks: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        })
    }

    /// What runs in all sessions of the process that have no other total.
    pub(crate) fn of_process() -> Arc<Self> {
        static TOTAL: LazyLock<Arc<Total>> = LazyLock::new(|| Total::new(Limits::DEFAULT));
        Arc::clone(&TOTAL)
    }

    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    fn take(&self, bytes: usize, is_reserved: bool) -> bool {
        // Small first messages have a bound, too: clients may leave and come again while their work ends.
        let factor = if is_reserved { 2 } else { 1 };
        let Limits {
            total_tasks,
            total_bytes,
            ..
        } = self.limits;
        let has_task = take(&self.tasks, 1, total_tasks.saturating_mul(factor));
        let has_bytes = has_task && take(&self.bytes, bytes, total_bytes.saturating_mul(factor));
        if has_task && !has_bytes {
            self.tasks.fetch_sub(1, Relaxed);
        }
        has_bytes
    }

    fn give_back(&self, bytes: usize) {
        self.tasks.fetch_sub(1, Relaxed);
        self.bytes.fetch_sub(bytes, Relaxed);
    }
}

fn take(used: &AtomicUsize, more: usize, limit: usize) -> bool {
    let fits = |used: usize| used.checked_add(more).filter(|sum| *sum <= limit);
    used.fetch_update(Relaxed, Relaxed, fits).is_ok()
}

/// What runs in one session.
#[derive(Debug)]
pub(crate) struct Running {
    total: Arc<Total>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    tasks: usize,
    bytes: usize,
    /// The requests, and whether each was cancelled. A list, because few run at the same time, and hashing an id
    /// costs more than comparing it with some.
    requests: Vec<(RequestId, bool)>,
}

impl Running {
    pub(crate) fn new(total: Arc<Total>) -> Arc<Self> {
        Arc::new(Self {
            total,
            state: Mutex::default(),
        })
    }

    pub(crate) fn limits(&self) -> Limits {
        self.total.limits
    }

    /// Makes a place for a request, or for a notification, which has no id.
    pub(crate) fn enter(
        self: &Arc<Self>,
        id: Option<&RequestId>,
        bytes: usize,
    ) -> Result<Place, Excess> {
        let Limits {
            session_tasks,
            session_bytes,
            ..
        } = self.limits();
        if bytes > session_bytes {
            return Err(Excess::Message);
        }
        let is_first = {
            let mut state = self.lock();
            if state.tasks >= session_tasks || state.bytes.saturating_add(bytes) > session_bytes {
                return Err(Excess::Session);
            }
            if let Some(id) = id {
                if state.requests.iter().any(|(running, _)| running == id) {
                    return Err(Excess::Id);
                }
                state.requests.push((id.clone(), false));
            }
            state.tasks += 1;
            state.bytes += bytes;
            state.tasks == 1
        };
        let fits = self.total.take(bytes, is_first && bytes <= RESERVED);
        if !fits {
            self.lock().leave(id, bytes);
            return Err(Excess::Total);
        }
        Ok(Place {
            running: Arc::clone(self),
            id: id.cloned(),
            bytes,
        })
    }

    /// Notes that a request was cancelled. `false` if it does not run, or was cancelled before.
    pub(crate) fn cancel(&self, id: &RequestId) -> bool {
        let mut state = self.lock();
        let request = state.requests.iter_mut().find(|(running, _)| running == id);
        request.is_some_and(|(_, is_cancelled)| !std::mem::replace(is_cancelled, true))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No code that may panic runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn leave(&mut self, id: Option<&RequestId>, bytes: usize) {
        self.tasks -= 1;
        self.bytes -= bytes;
        let place = id.and_then(|id| self.requests.iter().position(|(running, _)| running == id));
        if let Some(place) = place {
            self.requests.swap_remove(place);
        }
    }
}

/// The place of a request or a notification. It is kept until the task has ended: dropping it frees it.
#[derive(Debug)]
pub(crate) struct Place {
    running: Arc<Running>,
    id: Option<RequestId>,
    bytes: usize,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.running.lock().leave(self.id.as_ref(), self.bytes);
        self.running.total.give_back(self.bytes);
    }
}

/// A [`Place`] in the extensions of a message, which rmcp may clone.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    _place: Arc<Place>,
}

impl From<Place> for Ticket {
    fn from(place: Place) -> Self {
        let _place = Arc::new(place);
        Self { _place }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        session_tasks: 3,
        session_bytes: 100_000,
        total_tasks: 4,
        total_bytes: 150_000,
    };

    fn ids<const N: usize>() -> [RequestId; N] {
        std::array::from_fn(|number| RequestId::Number(number as i64))
    }

    fn used(total: &Total) -> (usize, usize) {
        (total.tasks.load(Relaxed), total.bytes.load(Relaxed))
    }

    #[test]
    fn a_place_is_kept_until_it_is_dropped_and_its_id_with_it() {
        let total = Total::new(LIMITS);
        let session = Running::new(Arc::clone(&total));
        let [a, b] = ids();
        let place = session.enter(Some(&a), 10).unwrap();
        assert_eq!(session.enter(Some(&a), 10).unwrap_err(), Excess::Id);
        assert!(session.cancel(&a), "it runs");
        assert!(!session.cancel(&a), "it was cancelled before");
        assert!(!session.cancel(&b), "it does not run");
        assert_eq!(
            session.enter(Some(&a), 10).unwrap_err(),
            Excess::Id,
            "it still runs"
        );
        assert_eq!(used(&total), (1, 10));
        drop(place);
        assert_eq!(used(&total), (0, 0));
        session.enter(Some(&a), 10).unwrap();
    }

    #[test]
    fn a_session_has_bounds_for_tasks_and_bytes() {
        let session = Running::new(Total::new(LIMITS));
        let [a, b] = ids();
        assert_eq!(
            session.enter(Some(&a), 100_001).unwrap_err(),
            Excess::Message
        );
        let large = session.enter(Some(&a), 100_000).unwrap();
        assert_eq!(session.enter(Some(&b), 1).unwrap_err(), Excess::Session);
        drop(large);
        let all = [Some(&a), None, None].map(|id| session.enter(id, 1).unwrap());
        assert_eq!(session.enter(None, 1).unwrap_err(), Excess::Session);
        assert_eq!(session.enter(Some(&b), 1).unwrap_err(), Excess::Session);
        drop(all);
        session.enter(Some(&b), 1).unwrap();
    }

    #[test]
    fn all_sessions_together_have_bounds_and_a_small_first_message_fits() {
        let total = Total::new(LIMITS);
        let [one, two, three] = std::array::from_fn(|_| Running::new(Arc::clone(&total)));
        let [a, b] = ids();
        let _large = one.enter(Some(&a), 100_000).unwrap();
        assert_eq!(two.enter(Some(&a), 50_001).unwrap_err(), Excess::Total);
        // The refused message does not count.
        let _fits = two.enter(Some(&a), 50_000).unwrap();
        assert_eq!(two.enter(Some(&b), 1).unwrap_err(), Excess::Total);
        assert_eq!(
            three.enter(Some(&a), RESERVED + 1).unwrap_err(),
            Excess::Total
        );
        let _first = three.enter(Some(&a), RESERVED).unwrap();
        assert_eq!(three.enter(Some(&b), 1).unwrap_err(), Excess::Total);
    }

    #[test]
    fn sessions_that_come_and_go_are_bounded_too() {
        let total = Total::new(LIMITS);
        let mut places = Vec::new();
        while let Ok(place) = Running::new(Arc::clone(&total)).enter(None, 1) {
            places.push(place);
            assert!(places.len() <= 100, "there is no bound");
        }
        assert_eq!(places.len(), 2 * LIMITS.total_tasks);
        drop(places);
        assert_eq!(used(&total), (0, 0));
    }
}
