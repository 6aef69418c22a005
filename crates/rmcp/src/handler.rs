use std::{
    error::Error,
    fmt, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use mcp_sse_server::{Handler, Session, message::ErrorCode};
use rmcp::{
    RoleServer, Service, ServiceExt,
    service::{QuitReason, ServerInitializeError},
};

use crate::{bounds::Bounds, guarded::Guarded, note, transport::SessionTransport};

/// A [`Handler`] that runs an rmcp service for each session.
///
/// See the [crate docs](crate) for an example. It has no type parameters, so it can be stored in a field and
/// returned by a function, whatever its services are. A clone makes the same services, and shares the bounds of
/// all sessions.
#[derive(Clone)]
#[must_use = "a handler runs sessions when a transport is made of it"]
pub struct RmcpHandler {
    factory: Arc<Factory>,
    bounds: Bounds,
    returning: bool,
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
            bounds: Bounds::new(),
            returning: true,
        }
    }

    /// Whether the session of a client that comes back without `initialize` is initialised on its behalf, see
    /// [`Session::initialize_returning_clients`]. Default: yes. Without it, rmcp answers each request of such a
    /// client with an error (-32602, `request _meta is missing or has malformed required fields`).
    pub fn initialize_returning_clients(mut self, yes: bool) -> Self {
        self.returning = yes;
        self
    }

    /// How much memory the running requests and notifications of one session may take, in bytes. Default:
    /// 64 MiB. See the [bounds](crate#bounds).
    pub fn session_bytes(mut self, bytes: usize) -> Self {
        self.bounds = self.bounds.session_bytes(bytes);
        self
    }

    /// How much memory the running requests and notifications of all sessions may take together, in bytes.
    /// Default: 256 MiB. See the [bounds](crate#bounds).
    pub fn total_bytes(mut self, bytes: usize) -> Self {
        self.bounds = self.bounds.total_bytes(bytes);
        self
    }
}

impl Handler for RmcpHandler {
    type Future = RmcpFuture;

    fn handle(&self, mut session: Session) -> RmcpFuture {
        let service = (self.factory)(&session);
        if self.returning && service.is_ok() {
            session.initialize_returning_clients();
        }
        let total = self.bounds.total();
        // One box for each session, because the types of rmcp's futures have no names.
        let run: Run = match service {
            Ok(service) => Box::pin(serve(service, SessionTransport::guarded(session, total))),
            Err(error) => Box::pin(fail(error, session)),
        };
        RmcpFuture { run }
    }
}

async fn serve(service: Guarded, transport: SessionTransport) -> Result<(), BoxError> {
    // Boxed, because it is large and ends with the handshake. An idle session then does without it.
    let running = match Box::pin(service.serve(transport)).await {
        Ok(running) => running,
        // The session was closed before it began.
        Err(ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return failed(error),
    };
    match running.waiting().await {
        Ok(QuitReason::JoinError(error)) | Err(error) => failed(error),
        Ok(_) => Ok(()),
    }
}

fn failed(error: impl Into<BoxError>) -> Result<(), BoxError> {
    let error = error.into();
    note::failed(&error);
    Err(error)
}

/// Answers the first request with an error, and ends the session.
async fn fail(error: io::Error, mut session: Session) -> Result<(), BoxError> {
    note::no_service(&error);
    while let Some(incoming) = session.recv().await {
        if let Some(request) = incoming.message.as_request() {
            let what = "the service of this session could not be made";
            let answer = request.error(ErrorCode::INTERNAL_ERROR, what);
            session.send(answer).await?;
            break;
        }
    }
    Err(error.into())
}

impl fmt::Debug for RmcpHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RmcpHandler")
            .field("bounds", &self.bounds)
            .finish_non_exhaustive()
    }
}

/// The future of one session of an [`RmcpHandler`]. It completes when the service has ended, with an error if
/// the session did not start or its task panicked.
///
/// # Cancel safety
///
/// Dropping it cancels the service.
#[must_use = "dropping the future cancels the session's service"]
pub struct RmcpFuture {
    run: Run,
}

type Run = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;
type BoxError = Box<dyn Error + Send + Sync>;

impl Future for RmcpFuture {
    type Output = Result<(), Box<dyn Error + Send + Sync>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.run.as_mut().poll(cx)
    }
}

impl fmt::Debug for RmcpFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RmcpFuture").finish_non_exhaustive()
    }
}
