use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use crate::session::Session;

use super::{Handler, output};

/// A handler whose type is erased. A clone is another handle to the same handler.
///
/// Use it to store handlers of different types in one place, or to name the type of a transport. It costs
/// one allocation for each session.
///
/// ```
/// use mcp_sse_server::{Session, SseServerTransport, handler::BoxHandler};
///
/// /// Transports by name, each with a handler of its own type.
/// struct Transports(std::collections::HashMap<String, SseServerTransport<BoxHandler>>);
///
/// let handler = BoxHandler::new(|mut session: Session| async move {
///     while session.recv().await.is_some() {}
/// });
/// let transport = SseServerTransport::new("/messages/", handler)?;
/// let transports = Transports([("one".to_owned(), transport)].into());
/// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
/// ```
#[derive(Clone)]
pub struct BoxHandler {
    handle: Arc<dyn Fn(Session) -> BoxHandlerFuture + Send + Sync>,
}

impl BoxHandler {
    /// Erases the type of a handler.
    pub fn new<H>(handler: H) -> Self
    where
        H: Handler + Send + Sync + 'static,
        H::Future: Send + 'static,
    {
        let handle = move |session| {
            let session = handler.handle(session);
            BoxHandlerFuture {
                run: Box::pin(async move { output::erase(session.await) }),
            }
        };
        Self {
            handle: Arc::new(handle),
        }
    }
}

impl Handler for BoxHandler {
    type Future = BoxHandlerFuture;

    fn handle(&self, session: Session) -> BoxHandlerFuture {
        (self.handle)(session)
    }
}

impl fmt::Debug for BoxHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxHandler").finish_non_exhaustive()
    }
}

/// The future of a [`BoxHandler`].
#[must_use = "futures do nothing unless polled"]
pub struct BoxHandlerFuture {
    run: Pin<Box<dyn Future<Output = Result<(), output::ErasedError>> + Send>>,
}

impl Future for BoxHandlerFuture {
    type Output = Result<(), output::ErasedError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.run.as_mut().poll(cx)
    }
}

impl fmt::Debug for BoxHandlerFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxHandlerFuture").finish_non_exhaustive()
    }
}
