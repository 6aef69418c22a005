use std::{
    fmt,
    future::{pending, poll_fn},
    pin::{Pin, pin},
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, sleep_until, timeout};

use super::registry::SessionRegistry;

/// The end of all sessions, made by [`SessionRegistry::shutdown`]. Await it.
///
/// New sessions are refused from the moment on when it is made. Awaited, it tells each session that no
/// more messages come: `POST`s get 404, and the handler, once it has taken those that wait, gets `None`
/// from `recv`. A handler that then returns ends its stream, after all that it sent. Those that have
/// not done so at the deadline are ended, as [`close`](SessionRegistry::close) ends them.
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
/// Dropped before it is done, new sessions stay refused, and those that were not yet told go on.
#[must_use = "sessions end only when it is awaited"]
#[derive(Debug)]
pub struct Shutdown {
    registry: SessionRegistry,
    window: Duration,
    deadline: Duration,
}

impl Shutdown {
    pub(super) fn new(registry: SessionRegistry) -> Self {
        Self {
            registry,
            window: Duration::ZERO,
            deadline: Duration::from_secs(10),
        }
    }

    /// Over how long a time the ends are spread. Default: zero, all at once.
    pub fn spread_over(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// When those that are still open are ended without being asked, counted from the await. Default:
    /// 10 s.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl IntoFuture for Shutdown {
    type Output = usize;
    type IntoFuture = ShutdownFuture;

    /// Resolves when the last stream is gone, or at the deadline. Gives the number of sessions that
    /// the deadline ended.
    fn into_future(self) -> ShutdownFuture {
        let Self {
            registry,
            window,
            deadline,
        } = self;
        // Boxed: once in a server's life.
        let ends = Box::pin(async move {
            let mut tell = pin!(async {
                let channels = registry.channels();
                let step = window / u32::try_from(channels.len()).unwrap_or(u32::MAX).max(1);
                // Each at its own time: a timer that is late by a millisecond does not add up.
                let mut next = Instant::now();
                for channel in channels {
                    if !step.is_zero() {
                        sleep_until(next).await;
                    }
                    channel.tell_shutdown();
                    next = next.checked_add(step).unwrap_or(next);
                }
                pending::<()>().await;
            });
            let mut left = pin!(registry.all_left());
            // Clients leave by themselves, too: then nobody is left to be told.
            let all = poll_fn(|cx| {
                let _ = tell.as_mut().poll(cx);
                left.as_mut().poll(cx)
            });
            match timeout(deadline, all).await {
                Ok(()) => 0,
                Err(_elapsed) => registry.end_all(),
            }
        });
        ShutdownFuture { ends }
    }
}

/// The future of a [`Shutdown`].
#[must_use = "futures do nothing unless polled"]
pub struct ShutdownFuture {
    ends: Pin<Box<dyn Future<Output = usize> + Send>>,
}

impl Future for ShutdownFuture {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        self.ends.as_mut().poll(cx)
    }
}

impl fmt::Debug for ShutdownFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShutdownFuture").finish_non_exhaustive()
    }
}
