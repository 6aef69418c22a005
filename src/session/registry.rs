use std::{fmt, pin::pin, sync::Arc};

use http::request::Parts;

use crate::{
    event,
    message::Message,
    observe::Meter,
    sync::{Mutex, MutexGuard, Notify, PoisonError},
};

use super::{
    channel::{Channel, ChannelOptions},
    close_reason::CloseReason,
    detach::detach,
    guard::SessionGuard,
    halves::{Session, SessionSender},
    id::{IdSource, SessionId},
    info::{Broadcast, SessionInfo},
    outgoing::Outgoing,
    principal::{Principal, PrincipalSource},
    queue::PushError,
    shutdown::Shutdown,
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
    shared: Arc<Shared>,
}

struct Shared {
    // Locked for one operation on the table at a time. What is taken out is dropped, and those who
    // wait are woken, after the lock is released.
    table: Mutex<Table>,
    /// Told when the last stream is gone.
    empty: Notify,
    meter: Meter,
}

/// What the transport's options say of new sessions.
#[derive(Clone, Debug)]
pub(crate) struct SessionOptions {
    pub(crate) channel: ChannelOptions,
    pub(crate) limits: Limits,
    pub(crate) ids: IdSource,
    pub(crate) principal: PrincipalSource,
}

impl SessionRegistry {
    pub(crate) fn new() -> Self {
        let shared = Shared {
            table: Mutex::default(),
            empty: Notify::new(),
            meter: Meter::new(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Makes a session and enters it.
    pub(crate) fn open(
        &self,
        mut parts: Parts,
        options: &SessionOptions,
    ) -> Result<(Session, SessionGuard), OpenError> {
        // An id is made outside the lock: a generator is not our code.
        let principal = options.principal.of(&parts.extensions);
        let mut id = options.ids.next();
        let channel = loop {
            let owner = principal.as_deref().cloned();
            let channel = Arc::new(Channel::new(
                id,
                owner,
                &options.channel,
                &self.shared.meter,
            ));
            if self.lock().enter(&channel, options.limits)? {
                break channel;
            }
            // Another's entry is never taken over, however poor a generator is.
            id = SessionId::random();
        };
        drop(principal);
        channel.opened(&parts);
        detach(&mut parts);
        let guard = SessionGuard::new(self.clone(), Arc::clone(&channel));
        Ok((Session::new(channel, parts), guard))
    }

    pub(crate) fn meter(&self) -> &Meter {
        &self.shared.meter
    }

    /// A stream is gone, and its session with it.
    pub(super) fn leave(&self, channel: &Arc<Channel>) {
        let (entry, last) = self.lock().leave(channel);
        drop(entry);
        if channel.close_reason().is_none() {
            channel.end(CloseReason::ClientGone);
        }
        channel.discard_outbox();
        if last {
            self.shared.empty.notify_waiters();
        }
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

    pub(super) fn channels(&self) -> Vec<Arc<Channel>> {
        self.lock().iter().map(Arc::clone).collect()
    }

    /// How many sessions are open.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The open sessions, in no order, as they are at this moment.
    pub fn list(&self) -> Vec<SessionInfo> {
        // The queues are looked at after the lock is released.
        self.channels()
            .iter()
            .map(|channel| SessionInfo::of(channel))
            .collect()
    }

    /// A handle to send to an open session from elsewhere.
    pub fn get(&self, id: &SessionId) -> Option<SessionSender> {
        self.any(id).map(SessionSender::new)
    }

    /// Sends a message to every session whose outbox has room now; none is waited for. It is written
    /// once, and all streams share its bytes.
    pub fn broadcast(&self, message: &Message) -> Broadcast {
        let mut event = Vec::with_capacity(event::message_len(message.as_bytes()));
        event::message(&mut event, message.as_bytes(), message.is_one_line());
        let event = Outgoing::Event(event.into());
        let mut broadcast = Broadcast::default();
        for channel in self.channels() {
            match channel.try_send(event.clone()) {
                Ok(()) => broadcast.sent += 1,
                Err(PushError::Full(_)) => broadcast.full += 1,
                Err(PushError::Closed(_)) => {}
            }
        }
        self.shared.meter.broadcast(broadcast.sent, broadcast.full);
        broadcast
    }

    /// Ends a session. `POST`s to it are answered with 404 from now on, its stream ends after what was
    /// sent before, and its handler is dropped when its stream is polled next, or dropped. Returns
    /// whether it was open.
    pub fn close(&self, id: &SessionId) -> bool {
        let channel = self.lock().remove(id);
        channel
            .inspect(|channel| channel.end(CloseReason::Closed))
            .is_some()
    }

    /// As `close`, for this very session, which may have been closed already.
    pub(super) fn end(&self, channel: &Arc<Channel>, reason: CloseReason) {
        let channel = self.lock().remove_own(channel);
        if let Some(channel) = channel {
            channel.end(reason);
        }
    }

    /// Refuses new sessions with 503 from now on, and ends those that are open when it is awaited.
    ///
    /// Call it when the server begins to stop: open streams hold a graceful shutdown up.
    pub fn shutdown(&self) -> Shutdown {
        self.lock().shut_down();
        Shutdown::new(self.clone())
    }

    /// Whether [`shutdown`](Self::shutdown) was called.
    pub fn is_shut_down(&self) -> bool {
        self.lock().is_shut_down()
    }

    pub(super) fn end_all(&self) -> usize {
        let sessions = self.lock().take();
        sessions
            .iter()
            .for_each(|channel| channel.end(CloseReason::Shutdown));
        sessions.len()
    }

    /// Waits until no stream is left.
    pub(super) async fn all_left(&self) {
        loop {
            let mut empty = pin!(self.shared.empty.notified());
            // Listen first, look then: the last to leave between the two is not missed.
            empty.as_mut().enable();
            if self.lock().has_no_streams() {
                return;
            }
            empty.await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.shared
            .table
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for SessionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRegistry")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
