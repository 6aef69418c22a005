use std::{
    fmt,
    future::{pending, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};

use crate::timer;

use super::{close_reason::CloseReason, state::State, table::Table};

/// Drains sessions when it is awaited. [`SessionRegistry::shutdown`](super::SessionRegistry::shutdown) and
/// [`SessionRegistry::drain`](super::SessionRegistry::drain) make it.
///
/// A session that drains refuses further requests with 404. Responses and notifications are still taken,
/// because an open call may wait for an answer of the client. `recv` returns `None` as soon as nothing waits
/// and every request has its answer. When the handler returns, its stream ends after the messages in the
/// outbox.
///
/// At the deadline, sessions that are still open are closed: requests without an answer get an error, and
/// the streams end. The future then waits for at most one second, in which the streams write this.
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
/// If its future is dropped before it completes, a shutdown still refuses new sessions. Sessions that were
/// not yet drained continue.
#[must_use = "sessions are drained only when it is awaited"]
pub struct Drain {
    table: Arc<Table>,
    /// `None` for all.
    sessions: Option<Vec<Arc<State>>>,
    window: Duration,
    deadline: Duration,
}

/// How long streams may write after the deadline.
const LAST_WORDS: Duration = Duration::from_secs(1);

impl Drain {
    /// All sessions, in a shutdown.
    pub(super) fn all(table: Arc<Table>) -> Self {
        Self {
            table,
            sessions: None,
            window: Duration::ZERO,
            deadline: Duration::from_secs(10),
        }
    }

    pub(super) fn some(table: Arc<Table>, sessions: Vec<Arc<State>>) -> Self {
        Self {
            sessions: Some(sessions),
            ..Self::all(table)
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

    async fn run(self) -> usize {
        let Self {
            table,
            sessions,
            window,
            deadline,
        } = self;
        let (reason, states) = match &sessions {
            None => (CloseReason::Shutdown, &table.all()),
            Some(some) => (CloseReason::Closed, some),
        };
        let left = || async {
            match &sessions {
                None => table.all_left().await,
                Some(some) => {
                    for state in some {
                        state.left().await;
                    }
                }
            }
        };
        {
            let (mut drain, mut left) = (pin!(drain(states, window, reason)), pin!(left()));
            // All streams may leave before all sessions are drained.
            let all = poll_fn(|cx| {
                let _ = drain.as_mut().poll(cx);
                left.as_mut().poll(cx)
            });
            if timeout(timer::clamp(deadline), all).await.is_ok() {
                return 0;
            }
        }
        let cut = match &sessions {
            None => table.close_all(reason),
            Some(some) => {
                let close = |state: &&Arc<State>| table.close(state.id.uuid(), reason);
                some.iter().filter(close).count()
            }
        };
        // Whether all have left or not: their sessions are closed.
        let _ = timeout(LAST_WORDS, left()).await;
        cut
    }
}

/// Drains sessions, evenly over the window. It does not complete.
async fn drain(states: &[Arc<State>], window: Duration, reason: CloseReason) {
    let step = window / u32::try_from(states.len()).unwrap_or(u32::MAX).max(1);
    // Each session has its own time, so that delays of timers do not add up.
    let mut next = Instant::now();
    for state in states {
        if !step.is_zero() {
            sleep_until(next).await;
        }
        state.drain(reason);
        next = next.checked_add(step).unwrap_or(next);
    }
    pending().await
}

impl IntoFuture for Drain {
    type Output = usize;
    type IntoFuture = DrainFuture;

    /// The future completes when the last stream is gone, or after the deadline. It returns the number of
    /// sessions that were closed at the deadline.
    fn into_future(self) -> DrainFuture {
        DrainFuture {
            // Boxed: this runs once in the life of a server.
            drained: Box::pin(self.run()),
        }
    }
}

/// The future of a [`Drain`], which documents it.
#[must_use = "futures do nothing unless polled"]
pub struct DrainFuture {
    drained: Pin<Box<dyn Future<Output = usize> + Send>>,
}

impl Future for DrainFuture {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        self.drained.as_mut().poll(cx)
    }
}

impl fmt::Debug for DrainFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            table: _,
            sessions,
            window,
            deadline,
        } = self;
        f.debug_struct("Drain")
            .field("sessions", &sessions.as_ref().map(Vec::len))
            .field("window", window)
            .field("deadline", deadline)
            .finish_non_exhaustive()
    }
}
