use std::{
    borrow::Cow,
    fmt,
    future::pending,
    panic::{AssertUnwindSafe, catch_unwind},
};

use mcp_sse_server::session::SessionSender;
use rmcp::{
    ErrorData, RoleServer, Service,
    model::{ClientNotification, ClientRequest, ProtocolVersion, ServerConfig, ServerResult},
    service::{DynService, NotificationContext, RequestContext, ServiceExt},
};

use crate::running::Ticket;

use super::future::{GRACE, GuardedFuture, Work};

/// A service that answers each request, also if its handler panics, and that ends work which nobody waits
/// for.
///
/// rmcp runs each request in a task of its own. If the task panics, rmcp sends no response. If the request is
/// cancelled or the client leaves, rmcp cancels the token of the request, and a handler that ignores the
/// token runs on. With this service:
///
/// - A request whose handler panics is answered with an error (-32603). The session continues.
/// - A handler that still runs [`GRACE`](Self::GRACE) after its request was cancelled or its session was
///   closed is dropped, at an await.
/// - A request counts against the [bounds](crate#bounds) until its handler has ended.
///
/// [`RmcpHandler`](crate::RmcpHandler) uses it for each session. A handler that calls rmcp's `serve` itself
/// wraps its service:
///
/// ```
/// use mcp_sse_server::{Session, SseServerTransport};
/// use mcp_sse_server_rmcp::Guarded;
/// use rmcp::{ServerHandler, ServiceExt};
///
/// struct Empty;
///
/// impl ServerHandler for Empty {}
///
/// let transport = SseServerTransport::new("/messages/", |session: Session| async move {
///     if let Ok(running) = Guarded::new(Empty).serve(session).await {
///         let _ = running.waiting().await;
///     }
/// })?;
/// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
/// ```
pub struct Guarded {
    service: Box<dyn DynService<RoleServer>>,
}

impl Guarded {
    /// How long a handler may run on after nobody waits for it: 5 s.
    pub const GRACE: std::time::Duration = GRACE;

    /// Wraps a service.
    pub fn new<S: Service<RoleServer>>(service: S) -> Self {
        Self {
            service: service.into_dyn(),
        }
    }

    fn service(&self) -> &dyn DynService<RoleServer> {
        &*self.service
    }
}

impl Service<RoleServer> for Guarded {
    fn handle_request(
        &self,
        request: ClientRequest,
        mut context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ServerResult, ErrorData>> + Send + '_ {
        let ticket = context.extensions.remove::<Ticket>();
        let cancelled = context.ct.clone();
        let over = move || Box::pin(cancelled.cancelled_owned()) as _;
        let work = || self.service().handle_request(request, context);
        GuardedFuture::new(begin(work), over, ticket)
    }

    fn handle_notification(
        &self,
        notification: ClientNotification,
        mut context: NotificationContext<RoleServer>,
    ) -> impl Future<Output = Result<(), ErrorData>> + Send + '_ {
        let ticket = context.extensions.remove::<Ticket>();
        let session = context.extensions.get::<SessionSender>().cloned();
        let over = move || {
            Box::pin(async move {
                match session {
                    Some(session) => drop(session.closed().await),
                    None => pending().await,
                }
            }) as _
        };
        let work = || self.service().handle_notification(notification, context);
        GuardedFuture::new(begin(work), over, ticket)
    }

    fn get_info(&self) -> ServerConfig {
        self.service().get_info()
    }

    fn supported_protocol_versions(&self) -> Cow<'static, [ProtocolVersion]> {
        self.service().supported_protocol_versions()
    }
}

/// Calls a service. It may panic before it has returned its future.
fn begin<'a, T>(call: impl FnOnce() -> Work<'a, T>) -> Option<Work<'a, T>> {
    catch_unwind(AssertUnwindSafe(call)).ok()
}

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded").finish_non_exhaustive()
    }
}
