use std::{fmt, sync::Arc};

use crate::{message::Message, queue::PushError};

use super::{
    close_reason::CloseReason,
    error::{SendError, TrySendError},
    id::SessionId,
    outgoing::Outgoing,
    principal::Principal,
    state::State,
};

/// The half of a [`Session`](super::Session) that sends. A clone sends to the same session.
///
/// A sender does not keep the session open.
#[derive(Clone)]
pub struct SessionSender {
    state: Arc<State>,
}

impl SessionSender {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state }
    }

    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// Sends a message to the client, after all messages that were sent before. Waits while the outbox is
    /// full, that is, while the client does not read.
    ///
    /// When it completes, the message is in the outbox. The stream writes the message when the client
    /// reads. If the client leaves first, the message is dropped.
    ///
    /// # Errors
    ///
    /// The session is closed. The error holds the message.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before it completes, the message is not sent.
    pub async fn send(&self, message: Message) -> Result<(), SendError> {
        let sent = match self.state.try_send(Outgoing::Message(message)) {
            Ok(()) => Ok(()),
            Err(PushError::Closed(outgoing)) => Err(outgoing),
            // Boxed, because only a full outbox needs this future, and it would make the handler's future
            // larger.
            Err(PushError::Full(outgoing)) => Box::pin(self.state.send(outgoing)).await,
        };
        sent.map_err(SendError::from_outgoing)
    }

    /// Sends a message to the client if the outbox has room now.
    ///
    /// # Errors
    ///
    /// The outbox has no room, or the session is closed. The error holds the message.
    pub fn try_send(&self, message: Message) -> Result<(), TrySendError> {
        let outgoing = Outgoing::Message(message);
        self.state
            .try_send(outgoing)
            .map_err(TrySendError::from_push)
    }

    /// Waits until the session is closed. Returns the reason.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn closed(&self) -> CloseReason {
        self.state.closed().await
    }

    /// Whether the session [drains](super::Drain): further requests of the client are refused, and open ones
    /// have until the deadline of the drain.
    pub fn is_draining(&self) -> bool {
        self.state.is_draining()
    }

    /// Waits until the session [drains](super::Drain) or is closed. A call that would take long can end early then.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn draining(&self) {
        self.state.draining().await;
    }

    /// Why the session was closed, or `None` while it is open.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.state.close_reason()
    }

    /// Whether the session is closed.
    pub fn is_closed(&self) -> bool {
        self.close_reason().is_some()
    }

    /// The id of the session.
    pub fn id(&self) -> &SessionId {
        &self.state.id
    }

    pub(super) fn set_tag(&self, tag: Arc<str>) {
        self.state.set_tag(tag);
    }

    /// The [`Principal`] that opened the session, if its request carried one.
    pub fn principal(&self) -> Option<&Principal> {
        self.state.principal.as_ref()
    }
}

impl fmt::Debug for SessionSender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionSender")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}
