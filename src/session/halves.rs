use std::{fmt, future::poll_fn, sync::Arc};

use http::request::Parts;

use crate::message::Message;

use super::{
    channel::Channel,
    close_reason::CloseReason,
    id::SessionId,
    incoming::Incoming,
    outgoing::Outgoing,
    principal::Principal,
    queue::PushError,
    send_error::{SendError, TrySendError},
};

/// One client's session, as its handler has it.
///
/// Dropping it refuses further messages from the client (its `POST`s are answered with 404); the
/// stream stays open until the handler returns.
#[must_use = "the client of a session that is dropped unread cannot post"]
pub struct Session {
    sender: SessionSender,
    receiver: SessionReceiver,
}

/// The half of a [`Session`] that sends. Clones send into the same stream.
///
/// It does not keep the session alive.
#[derive(Clone)]
pub struct SessionSender {
    channel: Arc<Channel>,
}

/// The half of a [`Session`] that receives, with the parts of the `GET` that opened it.
///
/// Dropping it refuses further messages from the client.
#[must_use = "the client of a session whose receiver is dropped cannot post"]
pub struct SessionReceiver {
    channel: Arc<Channel>,
    parts: Box<Parts>,
}

impl Session {
    pub(super) fn new(channel: Arc<Channel>, parts: Parts) -> Self {
        let sender = SessionSender {
            channel: Arc::clone(&channel),
        };
        let parts = Box::new(parts);
        Self {
            sender,
            receiver: SessionReceiver { channel, parts },
        }
    }

    /// The next message that the client posted, or `None` if no more will come: the session has ended,
    /// or the server is [shutting down](super::SessionRegistry::shutdown).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message is taken out of the inbox only when this future gives it out.
    pub async fn recv(&mut self) -> Option<Incoming> {
        self.receiver.recv().await
    }

    /// Sends a message to the client. See [`SessionSender::send`].
    ///
    /// # Errors
    ///
    /// The session has ended; the message comes back.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is done, the message is not sent.
    pub fn send(
        &self,
        message: Message,
    ) -> impl Future<Output = Result<(), SendError>> + Send + '_ {
        self.sender.send(message)
    }

    /// Waits until the session has ended. See [`SessionSender::closed`].
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn closed(&self) -> CloseReason {
        self.sender.closed().await
    }

    /// The session's id.
    pub fn id(&self) -> &SessionId {
        self.sender.id()
    }

    /// Who opened the session, if the requests carry a [`Principal`].
    pub fn principal(&self) -> Option<&Principal> {
        self.sender.principal()
    }

    /// The `GET` request that opened the session: its headers, URI and extensions.
    pub fn parts(&self) -> &Parts {
        self.receiver.parts()
    }

    /// A handle that sends, for use beside the session.
    pub fn sender(&self) -> &SessionSender {
        &self.sender
    }

    /// Two halves that can live in different tasks.
    pub fn split(self) -> (SessionSender, SessionReceiver) {
        (self.sender, self.receiver)
    }
}

impl SessionSender {
    pub(super) fn new(channel: Arc<Channel>) -> Self {
        Self { channel }
    }

    /// Sends a message to the client, after those sent before. Waits while the outbox is full, which
    /// is while the client does not read.
    ///
    /// Done means that the message is in the outbox: it goes out when the client reads, unless the
    /// client is gone by then.
    ///
    /// # Errors
    ///
    /// The session has ended; the message comes back.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: dropped before it is done, the message is not sent.
    pub async fn send(&self, message: Message) -> Result<(), SendError> {
        let sent = match self.channel.try_send(Outgoing::Message(message)) {
            Ok(()) => Ok(()),
            Err(PushError::Closed(outgoing)) => Err(outgoing),
            // Boxed: only a full outbox makes one, and what waits is large for the handler's future,
            // in which a place for it is kept.
            Err(PushError::Full(outgoing)) => Box::pin(self.channel.send(outgoing)).await,
        };
        sent.map_err(SendError::from_outgoing)
    }

    /// Sends a message to the client if the outbox has room now.
    ///
    /// # Errors
    ///
    /// The outbox has no room, or the session has ended; the message comes back.
    pub fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        let outgoing = Outgoing::Message(message);
        self.channel
            .try_send(outgoing)
            .map_err(TrySendError::from_push)
    }

    /// Waits until the session has ended: the client is gone, the handler has returned, or the
    /// registry closed it. At once if it has. Gives the reason.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn closed(&self) -> CloseReason {
        self.channel.ended().await
    }

    /// Why the session ended, or `None` while it is open.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.channel.close_reason()
    }

    /// Whether the session has ended.
    pub fn is_closed(&self) -> bool {
        self.close_reason().is_some()
    }

    /// The session's id.
    pub fn id(&self) -> &SessionId {
        self.channel.id()
    }

    /// Who opened the session, if the requests carry a [`Principal`].
    pub fn principal(&self) -> Option<&Principal> {
        self.channel.principal()
    }
}

impl SessionReceiver {
    /// The next message that the client posted, or `None` if no more will come: the session has ended,
    /// or the server is [shutting down](super::SessionRegistry::shutdown).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message is taken out of the inbox only when this future gives it out.
    pub async fn recv(&mut self) -> Option<Incoming> {
        poll_fn(|cx| self.channel.poll_recv(cx)).await
    }

    /// The session's id.
    pub fn id(&self) -> &SessionId {
        self.channel.id()
    }

    /// The `GET` request that opened the session.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }
}

impl Drop for SessionReceiver {
    fn drop(&mut self) {
        self.channel.discard_inbox();
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSender")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for SessionReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionReceiver")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}
