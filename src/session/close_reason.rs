use std::fmt;

/// Why a session was closed.
///
/// A session keeps its first reason: if the registry closed a session, and its client then disconnects,
/// the reason is still `Closed`.
///
/// ```
/// use mcp_sse_server::{Session, SseServerTransport};
///
/// let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
///     let sender = session.sender().clone();
///     // A task of its own: it continues when the stream and this handler are gone.
///     tokio::spawn(async move {
///         let reason = sender.closed().await;
///         println!("{:?}: {reason}", sender.id());
///     });
///     while session.recv().await.is_some() {}
/// })?;
/// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CloseReason {
    /// The server dropped the stream: the client disconnected, or a middleware dropped the stream.
    ClientGone,
    /// The handler returned.
    HandlerReturned,
    /// The handler returned an error.
    HandlerFailed,
    /// The handler panicked.
    HandlerPanicked,
    /// [`SessionRegistry::close`](super::SessionRegistry::close) or
    /// [`close_all`](super::SessionRegistry::close_all) closed it. Or
    /// [`drain`](super::SessionRegistry::drain) drained it, and then the handler returned, or the deadline
    /// closed it.
    Closed,
    /// [`SessionRegistry::shutdown`](super::SessionRegistry::shutdown) drained it, and then the handler
    /// returned, or the deadline closed it.
    Shutdown,
    /// The client did not read during the
    /// [`stall_timeout`](crate::SseServerTransport::stall_timeout).
    Stalled,
    /// No message was received or sent during the
    /// [`idle_timeout`](crate::SseServerTransport::idle_timeout).
    Idle,
}

impl CloseReason {
    pub(crate) const ALL: [Self; 8] = [
        Self::ClientGone,
        Self::HandlerReturned,
        Self::HandlerFailed,
        Self::HandlerPanicked,
        Self::Closed,
        Self::Shutdown,
        Self::Stalled,
        Self::Idle,
    ];

    /// A name for logs and metrics, such as `client_gone`. Names do not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientGone => "client_gone",
            Self::HandlerReturned => "handler_returned",
            Self::HandlerFailed => "handler_failed",
            Self::HandlerPanicked => "handler_panicked",
            Self::Closed => "closed",
            Self::Shutdown => "shutdown",
            Self::Stalled => "stalled",
            Self::Idle => "idle",
        }
    }

    /// What the client is told about a request that has no answer.
    pub(crate) fn as_answer(self) -> &'static str {
        match self {
            Self::ClientGone | Self::Stalled => "the session is closed",
            Self::HandlerReturned => "the server ended the session before it answered this request",
            Self::HandlerFailed => {
                "the server failed and ended the session before it answered this request"
            }
            Self::HandlerPanicked => "the server panicked before it answered this request",
            Self::Closed => "the server closed the session before it answered this request",
            Self::Shutdown => "the server shut down before it answered this request",
            Self::Idle => {
                "the server closed the session, which was idle, before it answered this request"
            }
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
