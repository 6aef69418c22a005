use std::fmt;

use crate::sync::atomic::{AtomicU8, Ordering};

/// Why a session ended.
///
/// The first reason is the one that counts: a session that the registry closed is not `ClientGone`
/// when its client then hangs up.
///
/// ```
/// use mcp_sse_server::{Session, SseServerTransport};
///
/// let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
///     let sender = session.sender().clone();
///     // Runs on when the stream, and this handler with it, is gone.
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
    /// The server dropped the stream: the client has hung up, or a middleware gave the stream up.
    ClientGone,
    /// The handler returned.
    HandlerReturned,
    /// The handler panicked.
    HandlerPanicked,
    /// [`SessionRegistry::close`](super::SessionRegistry::close) closed it.
    Closed,
    /// [`SessionRegistry::shutdown`](super::SessionRegistry::shutdown) ended it: the handler returned
    /// after it was told, or the deadline came.
    Shutdown,
    /// The client did not read for the
    /// [`stall_timeout`](crate::SseServerTransport::stall_timeout).
    Stalled,
    /// No message came or went for the [`idle_timeout`](crate::SseServerTransport::idle_timeout).
    Idle,
}

impl CloseReason {
    pub(crate) const ALL: [Self; 7] = [
        Self::ClientGone,
        Self::HandlerReturned,
        Self::HandlerPanicked,
        Self::Closed,
        Self::Shutdown,
        Self::Stalled,
        Self::Idle,
    ];

    /// A name for logs and metrics, such as `client_gone`. It does not change.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientGone => "client_gone",
            Self::HandlerReturned => "handler_returned",
            Self::HandlerPanicked => "handler_panicked",
            Self::Closed => "closed",
            Self::Shutdown => "shutdown",
            Self::Stalled => "stalled",
            Self::Idle => "idle",
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The reason of a session's end, once there is one.
pub(super) struct FirstReason(AtomicU8);

const NONE: u8 = u8::MAX;

impl FirstReason {
    pub(super) fn new() -> Self {
        Self(AtomicU8::new(NONE))
    }

    /// Whether this is the first.
    pub(super) fn set(&self, reason: CloseReason) -> bool {
        let (release, acquire) = (Ordering::Release, Ordering::Acquire);
        let set = self
            .0
            .compare_exchange(NONE, reason as u8, release, acquire);
        set.is_ok()
    }

    pub(super) fn get(&self) -> Option<CloseReason> {
        let reason = self.0.load(Ordering::Acquire);
        CloseReason::ALL.get(usize::from(reason)).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_reason_stays_and_each_comes_back() {
        for reason in CloseReason::ALL {
            let first = FirstReason::new();
            assert_eq!(first.get(), None);
            assert!(first.set(reason));
            for later in CloseReason::ALL {
                assert!(!first.set(later));
            }
            assert_eq!(first.get(), Some(reason));
        }
    }
}
