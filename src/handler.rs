//! What a server does with a session.
//!
//! A [`Handler`] is any `Fn(Session) -> Future`. It is called once for each stream; the future is the
//! session's whole life, and when it is done the stream ends, after what it sent.
//!
//! # The stream drives the handler
//!
//! The future is polled by the stream that it belongs to, inside the task of the HTTP server; this
//! crate spawns nothing. When the client is gone, the server drops the stream, and with it the
//! handler, its session and its timers, in that instant. Three things follow:
//!
//! - *A handler runs only while the server polls its stream.* A client that stops reading pauses it,
//!   and memory stays bounded.
//! - *A handler that blocks, blocks its connection*, and on HTTP/2 every other stream on it.
//! - *A handler should return when `recv` gives `None`.* A server that shuts down tells its sessions so,
//!   and gives them the time to answer what they have taken.
//!
//! Code that must run on regardless is spawned: by the handler itself, or whole, by [`Spawned`].
//!
//! A panic in a handler ends its own session and no other: the stream ends after what was sent.

use std::{
    fmt,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::task::JoinSet;

use crate::{observe, session::Session};

/// What a server does with a session. See the [module docs](crate::handler).
pub trait Handler {
    /// The session's whole life.
    type Future: Future<Output = ()>;

    /// Takes a new session over.
    fn handle(&self, session: Session) -> Self::Future;
}

impl<F, Fut> Handler for F
where
    F: Fn(Session) -> Fut,
    Fut: Future<Output = ()>,
{
    type Future = Fut;

    fn handle(&self, session: Session) -> Fut {
        self(session)
    }
}

/// Runs each session of a handler in a tokio task of its own, which is aborted when the stream ends.
///
/// The handler then works on while the client does not read, until the session's outbox is full, and
/// its work does not hold up the connection.
///
/// ```
/// use mcp_sse_server::{Session, SseServerTransport, handler::Spawned};
///
/// let handler = Spawned::new(|mut session: Session| async move {
///     while session.recv().await.is_some() {}
/// });
/// let transport = SseServerTransport::new("/messages/", handler)?;
/// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
/// ```
#[derive(Clone)]
pub struct Spawned<H> {
    handler: H,
}

impl<H> Spawned<H> {
    /// Wraps a handler.
    pub fn new(handler: H) -> Self {
        Self { handler }
    }
}

impl<H> Handler for Spawned<H>
where
    H: Handler,
    H::Future: Send + 'static,
{
    type Future = SpawnedFuture;

    /// # Panics
    ///
    /// Outside a tokio runtime.
    fn handle(&self, session: Session) -> SpawnedFuture {
        let mut task = JoinSet::new();
        task.spawn(observe::in_current_span(self.handler.handle(session)));
        SpawnedFuture { task }
    }
}

impl<H> fmt::Debug for Spawned<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawned")
            .field("handler", &std::any::type_name::<H>())
            .finish()
    }
}

/// The session of a [`Spawned`] handler: done when its task is, and dropping it aborts the task.
#[derive(Debug)]
#[must_use = "dropping it aborts the session's task"]
pub struct SpawnedFuture {
    // A set of one: it aborts on drop, which a `JoinHandle` does not.
    task: JoinSet<()>,
}

impl Future for SpawnedFuture {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.task.poll_join_next(cx)) {
            Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
            _ => Poll::Ready(()),
        }
    }
}
