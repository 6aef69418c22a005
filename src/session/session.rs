use std::{fmt, sync::Arc};

use http::request::Parts;

use crate::message::Message;

use super::{
    close_reason::CloseReason, error::SendError, id::SessionId, incoming::Incoming,
    principal::Principal, receiver::SessionReceiver, sender::SessionSender, state::State,
};

/// The session of one client, as its handler gets it.
///
/// When it is dropped, messages in the inbox are dropped, and further `POST`s get 404. The stream stays
/// open until the handler returns.
#[must_use = "the client of a session that is dropped unread cannot post"]
pub struct Session {
    sender: SessionSender,
    receiver: SessionReceiver,
}

impl Session {
    pub(super) fn new(state: Arc<State>, parts: Parts) -> Self {
        Self {
            sender: SessionSender::new(Arc::clone(&state)),
            receiver: SessionReceiver::new(state, Box::new(parts)),
        }
    }

    /// The next message that the client posted. `None` if no more messages will come: the session is
    /// closed, or the server [shuts down](super::SessionRegistry::shutdown).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the inbox only when this future returns it.
    pub async fn recv(&mut self) -> Option<Incoming> {
        self.receiver.recv().await
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
