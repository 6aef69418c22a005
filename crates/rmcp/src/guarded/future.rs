use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};

use rmcp::ErrorData;
use tokio::time::{Duration, sleep};

use crate::{note, running::Ticket};

/// How long work runs on when nobody waits for it any more.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// The future of a service. It is boxed, because it is foreign code of any size, and must be dropped as soon
/// as it has ended.
pub(super) type Work<'a, T> = Pin<Box<dyn Future<Output = Result<T, ErrorData>> + Send + 'a>>;

type Over = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs the work of one request or notification, and keeps its place until the work has ended.
pub(super) struct GuardedFuture<'a, T, F> {
    /// `None` when it has ended.
    work: Option<Work<'a, T>>,
    /// Makes the future that completes when nobody waits for the work any more. Most work completes at its
    /// first poll, and does not need it.
    over: Option<F>,
    /// Completes when the work must end.
    end: Option<Over>,
    ticket: Option<Ticket>,
}

impl<'a, T, F: FnOnce() -> Over> GuardedFuture<'a, T, F> {
    /// `work` is `None` if the service panicked before it returned a future.
    pub(super) fn new(work: Option<Work<'a, T>>, over: F, ticket: Option<Ticket>) -> Self {
        Self {
            work,
            over: Some(over),
            end: None,
            ticket,
        }
    }

    fn is_at_end(&mut self, cx: &mut Context<'_>) -> bool {
        if let Some(over) = self.over.take() {
            let over = over();
            self.end = Some(Box::pin(async move {
                over.await;
                sleep(GRACE).await;
            }));
        }
        self.end
            .as_mut()
            .is_some_and(|end| end.as_mut().poll(cx).is_ready())
    }

    /// Drops the work and gives its place back. Its `drop` is foreign code, too.
    fn end(&mut self) {
        let work = self.work.take();
        if catch_unwind(AssertUnwindSafe(|| drop(work))).is_err() {
            note::panicked();
        }
        self.ticket = None;
    }
}

// No field is pinned in place: all futures are boxed.
impl<T, F> Unpin for GuardedFuture<'_, T, F> {}

impl<T, F: FnOnce() -> Over> Future for GuardedFuture<'_, T, F> {
    type Output = Result<T, ErrorData>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Unwind safe: what panicked is dropped and never used again.
        let polled = self
            .work
            .as_mut()
            .map(|work| catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))));
        let output = match polled {
            Some(Ok(Poll::Ready(output))) => output,
            Some(Ok(Poll::Pending)) if self.is_at_end(cx) => {
                note::aborted();
                // rmcp sends no response to a request that was cancelled.
                Err(ErrorData::internal_error("the request was cancelled", None))
            }
            Some(Ok(Poll::Pending)) => return Poll::Pending,
            Some(Err(_)) | None => {
                note::panicked();
                let what = "the handler of the request panicked";
                Err(ErrorData::internal_error(what, None))
            }
        };
        self.end();
        Poll::Ready(output)
    }
}

impl<T, F> Drop for GuardedFuture<'_, T, F> {
    /// rmcp drops it only with its runtime.
    fn drop(&mut self) {
        let work = self.work.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(work)));
    }
}
