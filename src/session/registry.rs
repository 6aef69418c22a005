use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::request::Parts;

use super::{
    channel::{Capacity, Channel},
    guard::SessionGuard,
    halves::{Session, SessionSender},
    id::SessionId,
};

/// All open sessions of a transport. A clone is another handle to the same registry.
///
/// ```
/// use mcp_sse_server::{Session, SseServerTransport};
///
/// let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
///     while session.recv().await.is_some() {}
/// })?;
/// let sessions = transport.sessions();
/// assert_eq!(sessions.len(), 0);
/// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
/// ```
#[derive(Clone)]
pub struct SessionRegistry {
    // Locked for one operation on the map at a time. What is taken out is dropped, and those who
    // wait are woken, after the lock is released.
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sessions: HashMap<SessionId, Arc<Channel>>,
    shut_down: bool,
}

/// Why no session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    ShutDown,
}

impl SessionRegistry {
    pub(crate) fn new() -> Self {
        Self {
            state: Arc::default(),
        }
    }

    /// Makes a session and enters it.
    pub(crate) fn open(
        &self,
        parts: Parts,
        capacity: Capacity,
    ) -> Result<(Session, SessionGuard), OpenError> {
        let mut state = self.lock();
        if state.shut_down {
            return Err(OpenError::ShutDown);
        }
        let channel = loop {
            let id = SessionId::random();
            // Never take over another's entry, however unlikely the same id twice is.
            if let Entry::Vacant(entry) = state.sessions.entry(id) {
                break Arc::clone(entry.insert(Arc::new(Channel::new(id, capacity))));
            }
        };
        drop(state);
        let guard = SessionGuard::new(self.clone(), Arc::clone(&channel));
        Ok((Session::new(channel, parts), guard))
    }

    pub(crate) fn find(&self, id: &SessionId) -> Option<Arc<Channel>> {
        self.lock().sessions.get(id).map(Arc::clone)
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.lock().sessions.len()
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A handle to send to an open session from elsewhere.
    pub fn get(&self, id: &SessionId) -> Option<SessionSender> {
        self.find(id).map(SessionSender::new)
    }

    /// Ends a session. `POST`s to it are answered with 404 from now on, its handler is dropped, and
    /// its stream ends after what was sent before. Returns whether it was open.
    pub fn close(&self, id: &SessionId) -> bool {
        let channel = self.lock().sessions.remove(id);
        channel.inspect(|channel| channel.end()).is_some()
    }

    /// Ends all sessions, as [`close`](Self::close) does, and refuses new ones with 503.
    ///
    /// Call it when the server begins to stop: open streams hold a graceful shutdown up.
    pub fn shutdown(&self) {
        let mut state = self.lock();
        state.shut_down = true;
        let sessions = std::mem::take(&mut state.sessions);
        drop(state);
        for channel in sessions.into_values() {
            channel.end();
        }
    }

    /// Whether [`shutdown`](Self::shutdown) was called.
    pub fn is_shut_down(&self) -> bool {
        self.lock().shut_down
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRegistry")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
