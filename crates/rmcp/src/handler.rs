use std::{
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use mcp_sse_server::{Handler, Session};
use rmcp::{ErrorData, RoleServer, Service, ServiceExt};

use crate::{
    guarded::Guarded,
    note,
    read::{self, Instead},
    running::{Limits, Total},
    transport::SessionTransport,
};

/// A [`Handler`] that runs an rmcp service for each session.
///
/// See the [crate docs](crate) for an example. It has no type parameters, so it can be stored in a field and
/// returned by a function, whatever its services are. A clone makes the same services, and shares the bounds of
/// all sessions.
#[derive(Clone)]
#[must_use = "a handler runs sessions when a transport is made of it"]
pub struct RmcpHandler {
    factory: Arc<Factory>,
    limits: Limits,
    total: Arc<Total>,
}

type Factory = dyn Fn(&Session) -> io::Result<Guarded> + Send + Sync;

impl RmcpHandler {
    /// Creates a handler that calls `factory` once for each session, to make its service.
    ///
    /// If `factory` fails, the session's first request is answered with an error (-32603), and the session
    /// ends. Each service is [`Guarded`]: if the handler of a request panics, the request is answered with an
    /// error of the same code, and the session continues.
    ///
    /// # Panics
    ///
    /// `new` does not panic. A session panics outside a tokio runtime, because rmcp spawns tasks.
    pub fn new<S, F>(factory: F) -> Self
    where
        S: Service<RoleServer>,
        F: Fn() -> io::Result<S> + Send + Sync + 'static,
    {
        Self::with(move |_session| factory())
    }

    /// As [`new`](Self::new), with a `factory` that sees the session: its [`id`](Session::id), who opened it
    /// ([`principal`](Session::principal)), and the head of its `GET` ([`parts`](Session::parts)).
    ///
    /// ```
    /// use mcp_sse_server_rmcp::RmcpHandler;
    /// use rmcp::ServerHandler;
    ///
    /// struct Greeter {
    ///     language: String,
    /// }
    ///
    /// impl ServerHandler for Greeter {}
    ///
    /// let handler = RmcpHandler::with(|session| {
    ///     let language = session.parts().headers.get("accept-language");
    ///     let language = language.and_then(|value| value.to_str().ok()).unwrap_or("en");
    ///     Ok(Greeter { language: language.to_owned() })
    /// });
    /// ```
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    pub fn with<S, F>(factory: F) -> Self
    where
        S: Service<RoleServer>,
        F: Fn(&Session) -> io::Result<S> + Send + Sync + 'static,
    {
        Self {
            factory: Arc::new(move |session| factory(session).map(Guarded::new)),
            limits: Limits::DEFAULT,
            total: Total::new(Limits::DEFAULT),
        }
    }

    /// How much memory the running requests and notifications of one session may take, in bytes. Default:
    /// 64 MiB. See the [bounds](crate#bounds).
    pub fn session_bytes(mut self, bytes: usize) -> Self {
        self.limits.session_bytes = bytes;
        self.with_limits()
    }

    /// How much memory the running requests and notifications of all sessions may take together, in bytes.
    /// Default: 256 MiB. See the [bounds](crate#bounds).
    pub fn total_bytes(mut self, bytes: usize) -> Self {
        self.limits.total_bytes = bytes;
        self.with_limits()
    }

    fn with_limits(mut self) -> Self {
        self.total = Total::new(self.limits);
        self
    }
}

impl Handler for RmcpHandler {
    type Future = RmcpFuture;

    fn handle(&self, session: Session) -> RmcpFuture {
        let service = (self.factory)(&session);
        let total = Arc::clone(&self.total);
        // One box for each session, because the types of rmcp's futures have no names.
        let run = Box::pin(async move {
            match service {
                Ok(service) => serve(service, SessionTransport::guarded(session, total)).await,
                Err(error) => fail(&error, session).await,
            }
        });
        RmcpFuture { run }
    }
}

async fn serve(service: Guarded, transport: SessionTransport) {
    // Boxed, because it is large and ends with the handshake. An idle session then does without it.
    match Box::pin(service.serve(transport)).await {
        Ok(running) => {
            if let Err(error) = running.waiting().await {
                note::failed(&error);
            }
        }
        Err(error) => note::failed(&error),
    }
}

async fn fail(error: &io::Error, mut session: Session) {
    note::no_service(error);
    while let Some(incoming) = session.recv().await {
        let Some(id) = incoming.message.id() else {
            continue;
        };
        let error =
            ErrorData::internal_error("the service of this session could not be made", None);
        if let Instead::Answer(answer) = read::refuse(&id, &error) {
            let _ = session.send(answer).await;
            return;
        }
    }
}

impl fmt::Debug for RmcpHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RmcpHandler")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The future of one session of an [`RmcpHandler`]. It completes when the service has ended.
///
/// # Cancel safety
///
/// Dropping it cancels the service.
#[must_use = "dropping the future cancels the session's service"]
pub struct RmcpFuture {
    run: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Future for RmcpFuture {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.run.as_mut().poll(cx)
    }
}

impl fmt::Debug for RmcpFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RmcpFuture").finish_non_exhaustive()
    }
}
