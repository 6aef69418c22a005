use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::request::Parts;

use super::{
    channel::{Capacity, Channel},
    guard::SessionGuard,
    halves::{Session, SessionSender},
    id::{IdSource, SessionId},
    principal::{Principal, PrincipalSource},
    table::{Limits, OpenError, Table},
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
    table: Arc<Mutex<Table>>,
}

/// What the transport's options say of new sessions.
#[derive(Clone, Debug)]
pub(crate) struct SessionOptions {
    pub(crate) capacity: Capacity,
    pub(crate) limits: Limits,
    pub(crate) ids: IdSource,
    pub(crate) principal: PrincipalSource,
}

impl SessionRegistry {
    pub(crate) fn new() -> Self {
        Self {
            table: Arc::default(),
        }
    }

    /// Makes a session and enters it.
    pub(crate) fn open(
        &self,
        parts: Parts,
        options: &SessionOptions,
    ) -> Result<(Session, SessionGuard), OpenError> {
        // An id is made outside the lock: a generator is not our code.
        let principal = options.principal.of(&parts.extensions);
        let mut id = options.ids.next();
        let channel = loop {
            let owner = principal.as_deref().cloned();
            let channel = Arc::new(Channel::new(id, owner, options.capacity));
            if self.lock().insert(&channel, options.limits)? {
                break channel;
            }
            // Another's entry is never taken over, however poor a generator is.
            id = SessionId::random();
        };
        drop(principal);
        let guard = SessionGuard::new(self.clone(), Arc::clone(&channel));
        Ok((Session::new(channel, parts), guard))
    }

    /// The session of that id, if it is open and this principal's.
    pub(crate) fn find(
        &self,
        id: &SessionId,
        principal: Option<&Principal>,
    ) -> Option<Arc<Channel>> {
        self.any(id)
            .filter(|channel| channel.principal() == principal)
    }

    fn any(&self, id: &SessionId) -> Option<Arc<Channel>> {
        self.lock().get(id).map(Arc::clone)
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A handle to send to an open session from elsewhere.
    pub fn get(&self, id: &SessionId) -> Option<SessionSender> {
        self.any(id).map(SessionSender::new)
    }

    /// Ends a session. `POST`s to it are answered with 404 from now on, its handler is dropped, and
    /// its stream ends after what was sent before. Returns whether it was open.
    pub fn close(&self, id: &SessionId) -> bool {
        let channel = self.lock().remove(id);
        channel.inspect(|channel| channel.end()).is_some()
    }

    /// As `close`, for this very session, which may have been closed already.
    pub(super) fn end(&self, channel: &Arc<Channel>) {
        let channel = self.lock().remove_own(channel);
        if let Some(channel) = channel {
            channel.end();
        }
    }

    /// Ends all sessions, as [`close`](Self::close) does, and refuses new ones with 503.
    ///
    /// Call it when the server begins to stop: open streams hold a graceful shutdown up.
    pub fn shutdown(&self) {
        let sessions = self.lock().shut_down();
        for channel in sessions {
            channel.end();
        }
    }

    /// Whether [`shutdown`](Self::shutdown) was called.
    pub fn is_shut_down(&self) -> bool {
        self.lock().is_shut_down()
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRegistry")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
