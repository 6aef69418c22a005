use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Buf;
use http::{HeaderMap, header::EXPECT};
use http_body::Body;
use tokio::time::{Duration, Instant};

use crate::timer::Timer;

/// How many bytes of a refused body are read. Clients write the whole body before they read the answer,
/// so this is four times the default limit of a body.
const BYTES: usize = 16 * 1024 * 1024;
/// For how long a refused body is read.
const TIME: Duration = Duration::from_secs(10);
/// For how long a refused body may make no progress.
const SILENCE: Duration = Duration::from_millis(500);

/// Reads the rest of a refused body and throws it away.
///
/// A server that closes a connection on unread bytes resets it, and the client may lose the answer.
pub(crate) struct Drain {
    left: usize,
    /// Made at the first wait for the body.
    wait: Option<DrainWait>,
}

struct DrainWait {
    timer: Pin<Box<Timer>>,
    end: Instant,
    progress: Instant,
}

impl Drain {
    pub(crate) fn new() -> Self {
        Self {
            left: BYTES,
            wait: None,
        }
    }

    /// Whether a request that is refused by its head needs it.
    pub(crate) fn is_needed<B: Body>(headers: &HeaderMap, body: &B) -> bool {
        // A client that sent `Expect: 100-continue` sends no body after a final response.
        !body.is_end_stream() && !headers.contains_key(EXPECT)
    }

    /// Ready when the body has ended or broken off, or when a bound is reached.
    pub(crate) fn poll_drain<B: Body>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: Pin<&mut B>,
    ) -> Poll<()> {
        let mut has_progressed = false;
        while self.left > 0 && !body.is_end_stream() {
            match body.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let len = frame.data_ref().map_or(0, Buf::remaining);
                    self.left = self.left.saturating_sub(len);
                    has_progressed = true;
                }
                Poll::Ready(Some(Err(_)) | None) => break,
                Poll::Pending => return self.poll_wait(cx, has_progressed),
            }
        }
        Poll::Ready(())
    }

    fn poll_wait(&mut self, cx: &mut Context<'_>, has_progressed: bool) -> Poll<()> {
        let now = Instant::now();
        let wait = self.wait.get_or_insert_with(|| DrainWait {
            timer: Box::pin(Timer::new(now + SILENCE)),
            end: now + TIME,
            progress: now,
        });
        if has_progressed {
            wait.progress = now;
        }
        let deadline = || wait.end.min(wait.progress + SILENCE);
        wait.timer.as_mut().poll_until(cx, deadline)
    }
}
