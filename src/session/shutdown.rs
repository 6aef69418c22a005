use std::{
    fmt,
    future::{pending, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};

use super::{close_reason::CloseReason, table::Table};

/// Drains all sessions when it is awaited. [`SessionRegistry::shutdown`](super::SessionRegistry::shutdown)
/// makes it.
///
/// New sessions are refused from the moment when it is made. When it is awaited, it drains each open
/// session: a further `POST` gets 404, and `recv` returns the messages that wait, then `None`. When the
/// handler returns, its stream ends after the messages in the outbox. At the deadline, sessions that are
/// still open are closed, as by [`close`](super::SessionRegistry::close).
///
/// ```
/// # use std::time::Duration;
/// # use mcp_sse_server::{Session, SseServerTransport};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let transport = SseServerTransport::new("/messages/", |_: Session| async {})?;
/// let cut = transport
///     .sessions()
///     .shutdown()
///     .spread_over(Duration::from_secs(5)) // so that not all clients come back at once
///     .deadline(Duration::from_secs(20))
///     .await;
/// assert_eq!(cut, 0);
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// If its future is dropped before it completes, new sessions are still refused. Sessions that were not
/// yet drained continue.
#[must_use = "sessions are drained only when it is awaited"]
pub struct Shutdown {
    table: Arc<Table>,
    window: Duration,
    deadline: Duration,
}

impl Shutdown {
    pub(super) fn new(table: Arc<Table>) -> Self {
        Self {
            table,
            window: Duration::ZERO,
            deadline: Duration::from_secs(10),
        }
    }

    /// Drains the sessions one after the other, evenly over this time, so that not all clients come back
    /// at the same time. Default: zero.
    pub fn spread_over(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How long after the start of the await open sessions are closed. Default: 10 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl IntoFuture for Shutdown {
    type Output = usize;
    type IntoFuture = ShutdownFuture;

    /// The future completes when the last stream is gone, or at the deadline. It returns the number of
    /// sessions that were closed at the deadline.
    fn into_future(self) -> ShutdownFuture {
        let Self {
            table,
            window,
            deadline,
        } = self;
        // Boxed: this runs once in the life of a server.
        let drained = Box::pin(async move {
            let mut drain = pin!(async {
                let states = table.all();
                let step = window / u32::try_from(states.len()).unwrap_or(u32::MAX).max(1);
                // Each session has its own time, so that delays of timers do not add up.
                let mut next = Instant::now();
                for state in states {
                    if !step.is_zero() {
                        sleep_until(next).await;
                    }
                    state.drain();
                    next = next.checked_add(step).unwrap_or(next);
                }
                pending::<()>().await;
            });
            let mut left = pin!(table.all_left());
            // All streams may leave before all sessions are drained.
            let all = poll_fn(|cx| {
                let _ = drain.as_mut().poll(cx);
                left.as_mut().poll(cx)
            });
            match timeout(deadline, all).await {
                Ok(()) => 0,
                Err(_elapsed) => table.close_all(CloseReason::Shutdown),
            }
        });
        ShutdownFuture { drained }
    }
}

/// The future of a [`Shutdown`], which documents it.
#[must_use = "futures do nothing unless polled"]
pub struct ShutdownFuture {
    drained: Pin<Box<dyn Future<Output = usize> + Send>>,
}

impl Future for ShutdownFuture {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        self.drained.as_mut().poll(cx)
    }
}

impl fmt::Debug for ShutdownFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for Shutdown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table: _,
            window,
            deadline,
        } = self;
        f.debug_struct("Shutdown")
            .field("window", window)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}
