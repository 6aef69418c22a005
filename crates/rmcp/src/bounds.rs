use std::{fmt, io, sync::Arc};

use mcp_sse_server::Session;
use rmcp::{RoleServer, transport::Transport};

use crate::{
    running::{Limits, Total},
    transport::SessionTransport,
};

/// Bounds of what runs, for sessions that are given to rmcp's `serve` by hand. A clone shares them.
///
/// A [`Session`] that is given to rmcp's `serve` itself has the default [bounds](crate#bounds), and shares those of all
/// sessions with every other such session of the process. [`transport`](Self::transport) gives it others. Make them
/// once, not for each session:
///
/// ```
/// use mcp_sse_server::{Session, SseServerTransport};
/// use mcp_sse_server_rmcp::{Bounds, Guarded};
/// use rmcp::{ServerHandler, ServiceExt};
///
/// struct Empty;
///
/// impl ServerHandler for Empty {}
///
/// let bounds = Bounds::new().total_bytes(1 << 30);
/// let transport = SseServerTransport::new("/messages/", move |session: Session| {
///     let session = bounds.transport(session);
///     async move {
///         if let Ok(running) = Guarded::new(Empty).serve(session).await {
///             let _ = running.waiting().await;
///         }
///     }
/// })?;
/// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
/// ```
#[derive(Clone)]
#[must_use = "bounds hold for the sessions that are given to `transport`"]
pub struct Bounds {
    total: Arc<Total>,
}

impl Bounds {
    /// The default bounds, shared with no other session so far.
    pub fn new() -> Self {
        Self::of(Limits::DEFAULT)
    }

    fn of(limits: Limits) -> Self {
        let total = Total::new(limits);
        Self { total }
    }

    /// How much memory the running requests and notifications of one session may take, in bytes. Default:
    /// 64 MiB. It does not change clones.
    pub fn session_bytes(self, session_bytes: usize) -> Self {
        let limits = self.total.limits();
        Self::of(Limits {
            session_bytes,
            ..limits
        })
    }

    /// How much memory the running requests and notifications of all sessions may take together, in bytes.
    /// Default: 256 MiB. It does not change clones.
    pub fn total_bytes(self, total_bytes: usize) -> Self {
        let limits = self.total.limits();
        Self::of(Limits {
            total_bytes,
            ..limits
        })
    }

    /// A session with these bounds, as a transport for rmcp's `serve`, `serve_with_ct` and `serve_directly`.
    pub fn transport(
        &self,
        session: Session,
    ) -> impl Transport<RoleServer, Error = io::Error> + use<> {
        SessionTransport::by_hand(session, Arc::clone(&self.total))
    }

    pub(crate) fn total(&self) -> Arc<Total> {
        Arc::clone(&self.total)
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bounds")
            .field("limits", &self.total.limits())
            .finish_non_exhaustive()
    }
}
