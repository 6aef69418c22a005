use std::{
    fmt,
    future::poll_fn,
    panic::resume_unwind,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{sync::oneshot, task::JoinSet, time::sleep};

use crate::{observe, session::Session, timer};

use super::{
    Handler,
    output::{self, ErasedError},
};

/// Runs each session of a handler in a tokio task of its own. The task is aborted when the stream ends,
/// unless [`finish_within`](Self::finish_within) grants it time.
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
    grace: Option<Duration>,
}

impl<H> Spawned<H> {
    /// Wraps a handler.
    pub fn new(handler: H) -> Self {
        Self {
            handler,
            grace: None,
        }
    }

    /// Lets the task go on for at most this time after the stream has ended. `recv` returns `None` then, and
    /// `send` fails. After that time the task is aborted. Default: it is aborted at once.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mcp_sse_server::{Session, SseServerTransport, handler::Spawned};
    ///
    /// # async fn save() {}
    /// let handler = Spawned::new(|mut session: Session| async move {
    ///     while session.recv().await.is_some() {}
    ///     save().await; // runs also if the client is gone
    /// })
    /// .finish_within(Duration::from_secs(5));
    /// let transport = SseServerTransport::new("/messages/", handler)?;
    /// # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
    /// ```
    #[must_use = "returns the changed handler"]
    pub fn finish_within(self, grace: Duration) -> Self {
        Self {
            grace: Some(timer::clamp(grace)),
            ..self
        }
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
        let handler = self.handler.handle(session);
        let handler = async { output::erase(handler.await) };
        let mut task = JoinSet::new();
        let Some(grace) = self.grace else {
            task.spawn(observe::in_current_span(handler));
            return SpawnedFuture { task, stream: None };
        };
        let (stream, left) = oneshot::channel::<()>();
        task.spawn(observe::in_current_span(async move {
            let mut handler = pin!(handler);
            let mut late = pin!(async {
                // Ends when the sender is dropped.
                let _ = left.await;
                sleep(grace).await;
            });
            poll_fn(|cx| match handler.as_mut().poll(cx) {
                Poll::Pending => late.as_mut().poll(cx).map(Ok),
                ready => ready,
            })
            .await
        }));
        SpawnedFuture {
            task,
            stream: Some(stream),
        }
    }
}

impl<H> fmt::Debug for Spawned<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawned")
            .field("handler", &std::any::type_name::<H>())
            .field("grace", &self.grace)
            .finish()
    }
}

/// The future of a [`Spawned`] handler. It completes when its task completes.
///
/// # Cancel safety
///
/// Dropping it aborts the task, after the time that [`Spawned::finish_within`] grants.
#[derive(Debug)]
#[must_use = "dropping it aborts the session's task"]
pub struct SpawnedFuture {
    // A set with one task, because it aborts the task on drop. A `JoinHandle` does not.
    task: JoinSet<Result<(), ErasedError>>,
    /// Dropped with the stream. `None` if the task gets no time after that.
    stream: Option<oneshot::Sender<()>>,
}

impl Future for SpawnedFuture {
    type Output = Result<(), ErasedError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match ready!(self.task.poll_join_next(cx)) {
            Some(Ok(output)) => Poll::Ready(output),
            Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
            _ => Poll::Ready(Ok(())),
        }
    }
}

impl Drop for SpawnedFuture {
    fn drop(&mut self) {
        if self.stream.is_some() {
            self.task.detach_all();
        }
    }
}
