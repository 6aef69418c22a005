use std::{fmt, sync::Arc};

use crate::{event, message::Message, observe::Observer, queue::PushError};

use super::{
    close_reason::CloseReason,
    drain::Drain,
    id::SessionId,
    info::{Broadcast, SessionInfo},
    outgoing::Outgoing,
    sender::SessionSender,
    table::Table,
};

/// The open sessions of a transport. A clone is another handle to the same registry.
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
    pub(crate) table: Arc<Table>,
    pub(crate) observer: Observer,
}

impl SessionRegistry {
    /// An empty registry, for several transports that share one. See
    /// [`SseServerTransport::registry`](crate::SseServerTransport::registry).
    pub fn new() -> Self {
        Self {
            table: Arc::default(),
            observer: Observer::new(&CloseReason::ALL.map(CloseReason::as_str)),
        }
    }

    /// The number of open sessions.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether no session is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The open sessions at this moment, in no order.
    pub fn list(&self) -> Vec<SessionInfo> {
        let states = self.table.all();
        states.iter().map(|state| SessionInfo::of(state)).collect()
    }

    /// A handle that sends to an open session. `None` if the session is closed.
    ///
    /// ```
    /// use mcp_sse_server::{Message, SessionRegistry, session::SessionId};
    ///
    /// /// Tells one client that a job of its is done. Returns whether it is still there.
    /// async fn done(sessions: &SessionRegistry, id: &SessionId) -> bool {
    ///     let Some(session) = sessions.get(id) else { return false };
    ///     let done = Message::notification("notifications/message", &serde_json::json!({
    ///         "level": "info",
    ///         "data": "done",
    ///     }));
    ///     session.send(done.expect("a notification")).await.is_ok()
    /// }
    /// ```
    pub fn get(&self, id: &SessionId) -> Option<SessionSender> {
        self.table.get(id.uuid()).map(SessionSender::new)
    }

    /// Sends a message to every session whose outbox has room now. It does not wait. All streams share
    /// the bytes of one event.
    ///
    /// ```
    /// use mcp_sse_server::{Message, SessionRegistry};
    ///
    /// fn tools_changed(sessions: &SessionRegistry) {
    ///     let message = Message::notification("notifications/tools/list_changed", &())
    ///         .expect("a method makes a notification");
    ///     let broadcast = sessions.broadcast(&message);
    ///     println!("{} of {} sessions", broadcast.sent, broadcast.sent + broadcast.full);
    /// }
    /// ```
    pub fn broadcast(&self, message: &Message) -> Broadcast {
        let mut event = Vec::with_capacity(event::message_len(message.as_bytes()));
        event::message(&mut event, message.as_bytes(), message.is_plain());
        let event = Outgoing::Event(event.into());
        let mut broadcast = Broadcast::default();
        for state in self.table.all() {
            match state.try_send(event.clone()) {
                Ok(()) => broadcast.sent += 1,
                Err(PushError::Full(_)) => broadcast.full += 1,
                Err(PushError::Closed(_)) => {}
            }
        }
        self.observer.broadcast(broadcast.sent, broadcast.full);
        broadcast
    }

    /// Closes a session. Returns whether it was open.
    ///
    /// From then on, a `POST` to the session gets 404. Messages in the inbox are dropped. The stream ends
    /// after the messages in the outbox and an error for each request that has no answer. The handler is
    /// dropped when the server next polls or drops the stream.
    ///
    /// ```
    /// use mcp_sse_server::{SessionRegistry, session::Principal};
    ///
    /// /// Ends all sessions of a user at once.
    /// fn log_out(sessions: &SessionRegistry, user: &str) {
    ///     for session in sessions.list() {
    ///         if session.principal.as_ref().and_then(Principal::subject) == Some(user) {
    ///             sessions.close(&session.id);
    ///         }
    ///     }
    /// }
    /// ```
    pub fn close(&self, id: &SessionId) -> bool {
        self.table.close(id.uuid(), CloseReason::Closed)
    }

    /// Closes all sessions, and refuses new ones with 404 from now on. Returns the number of sessions that
    /// were open.
    ///
    /// It does not wait, so it can be called in a `Drop`. Call it when this transport ends and its server goes on.
    /// To let open calls finish first, await [`drain`](Self::drain) or [`shutdown`](Self::shutdown) before.
    ///
    /// ```
    /// use mcp_sse_server::SessionRegistry;
    ///
    /// /// Ends the sessions of one endpoint, when the endpoint is removed.
    /// struct Endpoint {
    ///     sessions: SessionRegistry,
    /// }
    ///
    /// impl Drop for Endpoint {
    ///     fn drop(&mut self) {
    ///         self.sessions.close_all();
    ///     }
    /// }
    /// ```
    pub fn close_all(&self) -> usize {
        self.table.shut_doors();
        self.table.close_all(CloseReason::Closed)
    }

    /// The sessions that a predicate names, to be drained. Await the [`Drain`]. New sessions are not refused.
    ///
    /// ```
    /// use mcp_sse_server::{SessionRegistry, session::SessionId};
    ///
    /// /// Ends one session after its open calls. Returns whether it had to be cut.
    /// async fn end(sessions: &SessionRegistry, id: &SessionId) -> bool {
    ///     sessions.drain(|session| session.id == *id).await > 0
    /// }
    /// ```
    pub fn drain(&self, mut predicate: impl FnMut(&SessionInfo) -> bool) -> Drain {
        let mut states = self.table.all();
        states.retain(|state| predicate(&SessionInfo::of(state)));
        Drain::some(Arc::clone(&self.table), states)
    }

    /// Waits until no stream is left. A stream is left for a moment after its session is closed: until the
    /// client has read what was sent, or is gone.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn all_left(&self) {
        self.table.all_left().await;
    }

    /// Refuses new sessions with 503 from now on. Await the [`Drain`] to drain the open sessions.
    ///
    /// Call it when the server begins to stop: a graceful shutdown of the server waits for open streams.
    pub fn shutdown(&self) -> Drain {
        self.table.shut_down();
        Drain::all(Arc::clone(&self.table))
    }

    /// Whether [`shutdown`](Self::shutdown) or [`close_all`](Self::close_all) was called.
    pub fn is_shut_down(&self) -> bool {
        self.table.is_shut_down()
    }
}

impl Default for SessionRegistry {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for SessionRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRegistry")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}
