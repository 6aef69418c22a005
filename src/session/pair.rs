use std::{fmt, future::poll_fn, time::Duration};

use http::{Request, request::Parts};

use crate::{event, message::Message, options::Options, response::RejectionKind};

use super::{
    close_reason::CloseReason, delivery::Undelivered, entry::StreamGuard, incoming::Incoming,
    outgoing::Outgoing, registry::SessionRegistry, session::Session,
};

/// The client's end of a session without HTTP, to test a handler. [`Session::pair`] makes it.
///
/// Dropping it is what a client does that disconnects: the session closes with
/// [`CloseReason::ClientGone`].
#[must_use = "dropping it closes the session"]
pub struct Peer {
    guard: StreamGuard,
    registry: SessionRegistry,
}

/// How long a post waits for room in the inbox.
const PATIENCE: Duration = Duration::from_secs(3);

impl Session {
    /// A session without HTTP, and its client's end, to test a handler. The bounds are the default ones.
    ///
    /// Run the handler in a task of its own, or beside the test with `tokio::join!`. There is no stream: no
    /// keep-alive, no timeouts, no errors for open requests, and the session stays open when the handler
    /// returns.
    ///
    /// ```
    /// use mcp_sse_server::{Message, Session};
    ///
    /// async fn handler(mut session: Session) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    ///     while let Some(incoming) = session.recv().await {
    ///         let Some(request) = incoming.message.as_request() else { continue };
    ///         session.send(request.response(&serde_json::json!({}))?).await?;
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (session, mut peer) = Session::pair();
    /// let handler = tokio::spawn(handler(session));
    /// peer.post(Message::request(1, "ping", &())?).await?;
    /// let answer = peer.next().await.ok_or("the session is closed")?;
    /// assert_eq!(answer.as_str(), r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    /// drop(peer); // the client disconnects
    /// assert!(handler.await?.is_ok());
    /// # Ok(())
    /// # }
    /// ```
    pub fn pair() -> (Self, Peer) {
        Self::pair_of(Request::new(()).into_parts().0)
    }

    /// As [`pair`](Self::pair), with the head of the `GET` that opens the session: its headers, and its
    /// extensions, such as a [`Principal`](super::Principal).
    pub fn pair_of(get: Parts) -> (Self, Peer) {
        let registry = SessionRegistry::new();
        let opened = registry.open(get, &Options::default());
        let (session, guard) = opened.expect("a new registry has room for one session");
        (session, Peer { guard, registry })
    }
}

impl Peer {
    /// Posts a message. Waits while the inbox is full, for at most 3 s.
    ///
    /// # Errors
    ///
    /// The reason for which a `POST` would be refused, such as [`RejectionKind::SessionNotFound`] if the
    /// session is closed.
    ///
    /// # Panics
    ///
    /// Panics outside a tokio runtime with time enabled.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: if the future is dropped before it completes, the message was not posted.
    pub async fn post(&self, message: Message) -> Result<(), Refused> {
        self.post_of(message, Request::new(()).into_parts().0).await
    }

    /// As [`post`](Self::post), with the head of the `POST`.
    ///
    /// # Errors
    ///
    /// As [`post`](Self::post).
    pub async fn post_of(&self, message: Message, head: Parts) -> Result<(), Refused> {
        let parts = Box::new(head);
        let incoming = Incoming { message, parts };
        let state = self.guard.entry().state();
        match state.try_deliver(incoming) {
            Ok(()) => Ok(()),
            Err(Undelivered::Refused(kind)) => Err(Refused(kind)),
            Err(Undelivered::Full(incoming)) => {
                state.deliver(incoming, PATIENCE).await.map_err(Refused)
            }
        }
    }

    /// The next message that the handler sent. `None` if the session is closed and its outbox is empty.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the outbox only when this future returns it.
    pub async fn next(&mut self) -> Option<Message> {
        let state = self.guard.entry().state();
        match poll_fn(|cx| state.poll_outgoing(cx)).await? {
            Outgoing::Message(message) => Some(message),
            Outgoing::Event(event) => {
                let text = event.slice(event::MESSAGE.len()..event.len() - event::END.len());
                Some(Message::parse(text).expect("the event of a broadcast holds a message"))
            }
        }
    }

    /// The registry of the session, which holds no other session.
    pub fn registry(&self) -> &SessionRegistry {
        &self.registry
    }

    /// Why the session was closed, or `None` while it is open.
    pub fn close_reason(&self) -> Option<CloseReason> {
        self.guard.entry().state().close_reason()
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").finish_non_exhaustive()
    }
}

/// The error of [`Peer::post`]: the reason for which a `POST` would be refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(RejectionKind);

impl Refused {
    /// The reason.
    pub fn kind(self) -> RejectionKind {
        self.0
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the message was not posted: {}", self.0)
    }
}

impl std::error::Error for Refused {}
