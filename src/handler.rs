//! The code that runs a session.
//!
//! A [`Handler`] is any `Fn(Session) -> Future`. It is called once for each stream. The future runs the
//! whole session. When it completes, the stream sends what is in the outbox, and ends.
//!
//! ```
//! use mcp_sse_server::{Message, Session, SseServerTransport, handler::Handler};
//!
//! /// Answers each request with an empty result.
//! #[derive(Clone)]
//! struct Empty;
//!
//! impl Handler for Empty {
//!     type Future = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;
//!
//!     fn handle(&self, mut session: Session) -> Self::Future {
//!         Box::pin(async move {
//!             while let Some(incoming) = session.recv().await {
//!                 let Some(id) = incoming.message.id() else { continue };
//!                 let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
//!                 let answer = Message::parse(answer).expect("an answer is a message");
//!                 if session.send(answer).await.is_err() {
//!                     break;
//!                 }
//!             }
//!         })
//!     }
//! }
//!
//! let transport = SseServerTransport::new("/messages/", Empty)?;
//! # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
//! ```
//!
//! # The stream drives the handler
//!
//! The stream polls the handler's future, inside the task of the HTTP server. When the client is gone, the
//! server drops the stream. This drops the handler, its session and its timers at the same time.
//! Therefore:
//!
//! - *A handler runs only while the server polls its stream.* When a client stops reading, its handler pauses,
//!   and memory stays bounded.
//! - *A handler that blocks its thread blocks its connection*, and on HTTP/2 all streams of the connection.
//! - *Code after the handler's loop does not run when the client leaves.* The handler is dropped at an await.
//! - *A handler should return when `recv` returns `None`.* This is how a server that shuts down tells its
//!   handlers to finish. Until the deadline of the shutdown, they can still send answers.
//!
//! If the handler must work while the client does not read, wrap it in [`Spawned`]. If code must run after the
//! client left, spawn a task that waits for [`SessionSender::closed`](crate::session::SessionSender::closed).
//!
//! A panic in a handler closes its own session only. The stream sends what is in the outbox, and ends.

use std::{
    fmt,
    panic::resume_unwind,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::task::JoinSet;

use crate::{observe, session::Session};

/// Runs sessions. See the [module docs](crate::handler).
pub trait Handler {
    /// The future that runs a session. The stream ends when it completes.
    type Future: Future<Output = ()>;

    /// Starts a new session: returns the future that runs it.
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

/// Runs each session of a handler in a tokio task of its own. The task is aborted when the stream ends.
///
/// The handler then continues while the client does not read, until the session's outbox is full. Its work
/// does not delay the connection.
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
    /// Panics outside a tokio runtime.
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

/// The future of a [`Spawned`] handler. It completes when its task completes.
///
/// # Cancel safety
///
/// Dropping it aborts the task.
#[derive(Debug)]
#[must_use = "dropping it aborts the session's task"]
pub struct SpawnedFuture {
    // A set with one task, because it aborts the task on drop. A `JoinHandle` does not.
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
