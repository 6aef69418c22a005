use std::{
    any::type_name,
    fmt, io,
    pin::Pin,
    task::{Context, Poll},
};

use mcp_sse_server::{Handler, Session};
use rmcp::{ErrorData, RoleServer, Service, ServiceExt};

use crate::{
    caught::Caught,
    note,
    read::{self, Read},
    transport::SessionTransport,
};

/// A [`Handler`] that runs an rmcp service for each session.
///
/// See the [crate docs](crate) for an example.
#[derive(Clone)]
pub struct RmcpHandler<F> {
    factory: F,
}

impl<F> RmcpHandler<F> {
    /// Creates a handler that calls `factory` once for each session, to make its service.
    ///
    /// If `factory` fails, the session's first request is answered with an error (-32603), and the session
    /// ends. If the handler of a request panics, the request is answered with an error of the same code, and
    /// the session continues.
    ///
    /// # Panics
    ///
    /// `new` does not panic. A session panics outside a tokio runtime, because rmcp spawns tasks.
    pub fn new(factory: F) -> Self {
        Self { factory }
    }
}

impl<S, F> Handler for RmcpHandler<F>
where
    S: Service<RoleServer>,
    F: Fn() -> io::Result<S>,
{
    type Future = RmcpFuture;

    fn handle(&self, session: Session) -> RmcpFuture {
        let service = (self.factory)();
        // One box for each session, because the types of rmcp's futures have no names.
        let run = Box::pin(async move {
            match service {
                Ok(service) => serve(service, session).await,
                Err(error) => fail(&error, session).await,
            }
        });
        RmcpFuture { run }
    }
}

async fn serve<S: Service<RoleServer>>(service: S, session: Session) {
    let transport = SessionTransport::from_beginning(session);
    match Caught(service).serve(transport).await {
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
        if let Read::Refused(answer) = read::refuse(&id, &error) {
            let _ = session.send(answer).await;
            return;
        }
    }
}

impl<F> fmt::Debug for RmcpHandler<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RmcpHandler")
            .field("factory", &type_name::<F>())
            .finish()
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
