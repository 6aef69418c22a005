//! The code that runs a session.
//!
//! A [`Handler`] is any `Fn(Session) -> Future`. It is called once for each stream. The future runs the
//! whole session. When it completes, the stream sends what is in the outbox, then an error (-32603, with the
//! reason) for each request that has no answer. It ends when 100 ms have passed since its last bytes,
//! or at once if keep-alive and all timeouts are off, because there may be no timer.
//!
//! ```
//! use std::pin::Pin;
//! use mcp_sse_server::{
//!     Message, Session, SseServerTransport, handler::Handler, session::SendError,
//! };
//!
//! /// Answers each request with an empty result.
//! #[derive(Clone)]
//! struct Empty;
//!
//! impl Handler for Empty {
//!     type Future = Pin<Box<dyn Future<Output = Result<(), SendError>> + Send>>;
//!
//!     fn handle(&self, mut session: Session) -> Self::Future {
//!         Box::pin(async move {
//!             while let Some(incoming) = session.recv().await {
//!                 let Some(request) = incoming.message.as_request() else { continue };
//!                 let answer = request.response(&serde_json::json!({}));
//!                 session.send(answer.unwrap_or_else(Message::from)).await?;
//!             }
//!             Ok(())
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
//! client left, grant it time with [`Spawned::finish_within`], or spawn a task that waits for
//! [`SessionSender::closed`](crate::session::SessionSender::closed).
//!
//! A panic in a handler closes its own session only. So does an error that it returns, which is logged with the
//! feature `tracing`. The client gets an error for each request that has no answer, and the stream ends.

mod boxed;
mod output;
mod spawned;

use std::sync::Arc;

use crate::session::Session;

pub(crate) use self::output::sealed::Sealed as Output;
pub use self::{
    boxed::{BoxHandler, BoxHandlerFuture},
    output::HandlerOutput,
    spawned::{Spawned, SpawnedFuture},
};

/// Runs sessions. See the [module docs](crate::handler).
pub trait Handler {
    /// The future that runs a session. The stream ends when it completes. Its output is `()`, or a `Result`
    /// whose error can be displayed.
    type Future: Future<Output: HandlerOutput>;

    /// Starts a new session: returns the future that runs it.
    fn handle(&self, session: Session) -> Self::Future;
}

impl<F, Fut> Handler for F
where
    F: Fn(Session) -> Fut,
    Fut: Future<Output: HandlerOutput>,
{
    type Future = Fut;

    fn handle(&self, session: Session) -> Fut {
        self(session)
    }
}

impl<H: Handler + ?Sized> Handler for Arc<H> {
    type Future = H::Future;

    fn handle(&self, session: Session) -> H::Future {
        (**self).handle(session)
    }
}
