use std::{
    collections::{HashMap, hash_map::Entry},
    pin::pin,
    sync::Arc,
};

use uuid::Uuid;

use crate::{
    options::Options,
    response::RejectionKind,
    sync::{Mutex, MutexGuard, Notify, PoisonError},
};

use super::{close_reason::CloseReason, principal::Principal, state::State};

/// The open sessions, behind one lock.
///
/// The lock is held for one operation on the map. After it is released, sessions are closed, wakers run
/// and values of other code are dropped.
#[derive(Default)]
pub(crate) struct Table {
    map: Mutex<Map>,
    /// Notified when the last stream is gone.
    empty: Notify,
}

#[derive(Default)]
struct Map {
    sessions: HashMap<Uuid, Arc<State>>,
    /// The number of streams of each principal.
    principals: HashMap<Principal, usize>,
    /// The number of streams. It includes streams whose session is closed, and that still write messages.
    streams: usize,
    doors: Doors,
}

/// Whether new sessions are refused.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Doors {
    #[default]
    Open,
    /// The server shuts down.
    ShuttingDown,
    /// The transport is closed, and its server goes on.
    Closed,
}

impl Table {
    /// Makes a session and inserts it, unless a cap refuses it. `None` if its id is in use.
    pub(super) fn open(
        &self,
        id: Uuid,
        principal: Option<&Principal>,
        options: &Options,
        make: impl FnOnce() -> State,
    ) -> Result<Option<Arc<State>>, RejectionKind> {
        let mut map = self.lock();
        match map.doors {
            Doors::Open => {}
            Doors::ShuttingDown => return Err(RejectionKind::ShuttingDown),
            Doors::Closed => return Err(RejectionKind::TransportClosed),
        }
        if map.streams >= options.max_sessions {
            return Err(RejectionKind::TooManySessions);
        }
        if let Some(principal) = principal {
            let count = map.principals.get(principal).copied().unwrap_or(0);
            if options
                .max_sessions_per_principal
                .is_some_and(|most| count >= most)
            {
                return Err(RejectionKind::TooManySessionsOfPrincipal);
            }
        }
        let Entry::Vacant(place) = map.sessions.entry(id) else {
            return Ok(None);
        };
        let state = Arc::clone(place.insert(Arc::new(make())));
        if let Some(principal) = principal {
            *map.principals.entry(principal.clone()).or_default() += 1;
        }
        map.streams += 1;
        Ok(Some(state))
    }

    /// The session with this id, if it is open.
    pub(super) fn get(&self, id: Uuid) -> Option<Arc<State>> {
        self.lock().sessions.get(&id).map(Arc::clone)
    }

    /// The session with this id, if it is open and this principal opened it.
    pub(crate) fn find(&self, id: Uuid, principal: Option<&Principal>) -> Option<Arc<State>> {
        let state = Arc::clone(self.lock().sessions.get(&id)?);
        (state.principal.as_ref() == principal).then_some(state)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    pub(super) fn all(&self) -> Vec<Arc<State>> {
        self.lock().sessions.values().map(Arc::clone).collect()
    }

    /// Closes a session. Returns whether it was open.
    pub(super) fn close(&self, id: Uuid, reason: CloseReason) -> bool {
        let state = self.lock().sessions.remove(&id);
        state.inspect(|state| state.close(reason)).is_some()
    }

    /// Removes the stream of a session, and the session.
    pub(super) fn leave(&self, state: &Arc<State>) {
        let mut map = self.lock();
        let own = map.sessions.remove(&state.id.uuid());
        map.leave(state.principal.as_ref());
        let is_last = map.streams == 0;
        drop(map);
        drop(own);
        if state.close_reason().is_none() {
            state.close(CloseReason::ClientGone);
        }
        state.leave();
        if is_last {
            self.empty.notify_waiters();
        }
    }

    /// Refuses new sessions from now on, because the server shuts down.
    pub(super) fn shut_down(&self) {
        let mut map = self.lock();
        map.doors = map.doors.max(Doors::ShuttingDown);
    }

    /// Refuses new sessions from now on, because the transport is closed.
    pub(super) fn shut_doors(&self) {
        self.lock().doors = Doors::Closed;
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.lock().doors != Doors::Open
    }

    /// Closes all sessions. Returns their number.
    pub(super) fn close_all(&self, reason: CloseReason) -> usize {
        let sessions = std::mem::take(&mut self.lock().sessions);
        sessions.values().for_each(|state| state.close(reason));
        sessions.len()
    }

    /// Waits until no stream is left.
    pub(super) async fn all_left(&self) {
        loop {
            let mut empty = pin!(self.empty.notified());
            // Register before reading the count, so that a stream that leaves between the two is not
            // missed.
            empty.as_mut().enable();
            if self.lock().streams == 0 {
                return;
            }
            empty.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Map> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Map {
    /// Subtracts a stream from the counts of the caps.
    fn leave(&mut self, principal: Option<&Principal>) {
        self.streams -= 1;
        let Some(principal) = principal else {
            return;
        };
        if let Some(count) = self.principals.get_mut(principal) {
            *count -= 1;
            if *count == 0 {
                self.principals.remove(principal);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{observe::Observer, session::SessionId};

    #[test]
    fn caps_count_a_session_until_its_stream_leaves_and_forget_its_principal_then() {
        let (table, observer) = (Table::default(), Observer::new(&[]));
        let options = Options {
            max_sessions: 2,
            ..Options::default()
        };
        let owner = Principal::new("client");
        let open = || {
            let id = SessionId::random();
            let make = || State::new(id, Some(owner.clone()), &options, &observer);
            table.open(id.uuid(), Some(&owner), &options, make)
        };
        let states = [(); 2].map(|()| open().unwrap().unwrap());
        for state in &states {
            assert!(table.close(state.id.uuid(), CloseReason::Closed));
            assert!(!table.close(state.id.uuid(), CloseReason::Closed));
        }
        assert_eq!((table.len(), table.lock().streams), (0, 2));
        assert_eq!(open().err(), Some(RejectionKind::TooManySessions));
        assert_eq!(table.lock().principals.get(&owner), Some(&2));
        states.iter().for_each(|state| table.leave(state));
        let map = table.lock();
        assert!(map.streams == 0 && map.principals.is_empty());
    }

    #[test]
    fn a_session_that_a_cap_refuses_is_not_made() {
        let options = Options {
            max_sessions: 0,
            ..Options::default()
        };
        let make = || unreachable!("a refused GET allocates no session");
        let opened = Table::default().open(Uuid::nil(), None, &options, make);
        assert_eq!(opened.err(), Some(RejectionKind::TooManySessions));
    }
}
