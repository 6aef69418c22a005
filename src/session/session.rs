use std::{fmt, sync::Arc};

use http::request::Parts;

use crate::message::Message;

use super::{
    close_reason::CloseReason,
    error::{SendError, TryRecvError, TrySendError},
    id::SessionId,
    incoming::Incoming,
    principal::Principal,
    receiver::SessionReceiver,
    registry::SessionRegistry,
    sender::SessionSender,
    state::State,
};

/// The session of one client, as its handler gets it.
///
/// When it is dropped, messages in the inbox are dropped, and further `POST`s get 404. The stream stays
/// open until the handler returns.
#[must_use = "the client of a session that is dropped unread cannot post"]
pub struct Session {
    sender: SessionSender,
    receiver: SessionReceiver,
    registry: SessionRegistry,
}

impl Session {
    pub(super) fn new(state: Arc<State>, parts: Parts, registry: SessionRegistry) -> Self {
        Self {
            sender: SessionSender::new(Arc::clone(&state)),
            receiver: SessionReceiver::new(state, Box::new(parts)),
            registry,
        }
    }

    /// The next message that the client posted. `None` if no more messages will come: the session is
    /// closed, or it [drains](super::Drain), nothing waits and every request has its answer.
    ///
    /// *When the client leaves, the handler is dropped, and this returns nothing.* Code after the handler's
    /// loop does not run then. What must run belongs into a `Drop`, or into a task that waits for
    /// [`closed`](SessionSender::closed). A handler in
    /// [`Spawned::finish_within`](crate::handler::Spawned::finish_within) goes on for a while: it receives
    /// `None`, and can finish.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the inbox only when this future returns it.
    pub async fn recv(&mut self) -> Option<Incoming> {
        self.receiver.recv().await
    }

    /// The next message, if one waits now.
    ///
    /// # Errors
    ///
    /// No message waits, or no more messages will come.
    pub fn try_recv(&mut self) -> Result<Incoming, TryRecvError> {
        self.receiver.try_recv()
    }

    /// Initialises the session for a client that comes back. Call it before the first [`recv`](Self::recv), in a
    /// handler that depends on MCP's handshake.
    ///
    /// Many clients open a new stream when theirs breaks, and continue without `initialize`. If the first message
    /// needs a handshake, `recv` returns these messages instead:
    ///
    /// 1. An `initialize` request, made from the headers of the `POST`: the version is that of
    ///    `mcp-protocol-version`, else 2024-11-05, and the name of the client is its `user-agent`. Answer it as any
    ///    request. The answer does not reach the client. An error in it is logged.
    /// 2. `notifications/initialized`, when the request is answered, and not with an error.
    /// 3. The client's message, as it was posted.
    ///
    /// A message needs no handshake if it is `initialize` or `ping`, or if it states its protocol version
    /// in `_meta` (MCP 2026-07-28).
    ///
    /// The client's capabilities, its real name and its version are not known: the request states none.
    /// Without this call, a handler receives byte for byte what was posted, and nothing else.
    ///
    /// ```
    /// use mcp_sse_server::{Session, SseServerTransport};
    ///
    /// let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
    ///     session.initialize_returning_clients();
    ///     while let Some(incoming) = session.recv().await {
    ///         println!("{:?}", incoming.message.method());
    ///     }
    /// })?;
    /// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
    /// ```
    pub fn initialize_returning_clients(&mut self) {
        self.receiver.initialize_returning_clients();
    }

    /// Sends a message if the outbox has room now. See [`SessionSender::try_send`].
    ///
    /// # Errors
    ///
    /// The outbox has no room, or the session is closed. The error holds the message.
    pub fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        self.sender.try_send(message)
    }

    /// Sends a message to the client. See [`SessionSender::send`].
    ///
    /// # Errors
    ///
    /// The session is closed. The error holds the message.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before it completes, the message is not sent.
    pub fn send(
        &self,
        message: Message,
    ) -> impl Future<Output = Result<(), SendError>> + Send + '_ {
        self.sender.send(message)
    }

    /// Waits until the session is closed. See [`SessionSender::closed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn closed(&self) -> CloseReason {
        self.sender.closed().await
    }

    /// Whether the session is closed.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Why the session was closed, or `None` while it is open.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.sender.close_reason()
    }

    /// The id of the session.
    pub fn id(&self) -> &SessionId {
        self.sender.id()
    }

    /// The [`Principal`] that opened the session, if its request carried one.
    pub fn principal(&self) -> Option<&Principal> {
        self.sender.principal()
    }

    /// The `GET` request that opened the session: its headers, URI and extensions.
    pub fn parts(&self) -> &Parts {
        self.receiver.parts()
    }

    /// The registry that the session belongs to: to count, find, send to and close other sessions.
    pub fn registry(&self) -> &SessionRegistry {
        &self.registry
    }

    /// Attaches a text to the session, such as the name of its tenant. [`SessionInfo::tag`](super::SessionInfo::tag)
    /// shows it, so that sessions can be counted and chosen by it. It replaces the tag that was set before.
    ///
    /// ```
    /// use mcp_sse_server::{Session, SessionRegistry, SseServerTransport};
    ///
    /// let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
    ///     let tenant = session.parts().uri.query().unwrap_or("none").to_owned();
    ///     session.set_tag(tenant);
    ///     while session.recv().await.is_some() {}
    /// })?;
    ///
    /// /// Ends the sessions of one tenant.
    /// async fn remove(sessions: &SessionRegistry, tenant: &str) {
    ///     sessions.drain(|session| session.tag.as_deref() == Some(tenant)).await;
    /// }
    /// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
    /// ```
    pub fn set_tag(&self, tag: impl Into<Arc<str>>) {
        self.sender.set_tag(tag.into());
    }

    /// The half that sends. Clone it to send from another task.
    pub fn sender(&self) -> &SessionSender {
        &self.sender
    }

    /// Splits the session into two halves, for use in different tasks.
    ///
    /// ```
    /// use mcp_sse_server::{Session, session::SendError};
    ///
    /// /// Sends back each message, from a task of its own.
    /// async fn echo(session: Session) -> Result<(), SendError> {
    ///     let (sender, mut receiver) = session.split();
    ///     while let Some(incoming) = receiver.recv().await {
    ///         sender.send(incoming.message).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn split(self) -> (SessionSender, SessionReceiver) {
        (self.sender, self.receiver)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}
