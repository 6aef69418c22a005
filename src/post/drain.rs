use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Buf;
use http_body::Body;
use tokio::time::{Sleep, sleep};

use super::read::ReadError;

/// How much of a body that is too large is read and thrown away.
const TOO_LARGE_BYTES: usize = 256 * 1024;
/// For how long the rest of a body is waited for.
const TIME: Duration = Duration::from_millis(500);

/// Reads the rest of a body that is refused, and throws it away. A connection that is closed on unread
/// bytes is reset, and the client may lose the answer that it was sent.
pub(super) struct Drain {
    why: ReadError,
    left: usize,
    // Boxed: only a refusal makes one.
    deadline: Pin<Box<Sleep>>,
}

impl Drain {
    /// Nobody knows how much more there is: a bit of it.
    pub(super) fn of_too_large() -> Self {
        Self::of_refused(ReadError::TooLarge, TOO_LARGE_BYTES)
    }

    pub(super) fn of_refused(why: ReadError, left: usize) -> Self {
        Self {
            why,
            left,
            deadline: Box::pin(sleep(TIME)),
        }
    }

    /// Ready with the reason when the body is over or broken, or when enough was thrown away or waited
    /// for.
    pub(super) fn poll_refusal<B: Body>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: Pin<&mut B>,
    ) -> Poll<ReadError> {
        while self.left > 0 && !body.is_end_stream() {
            match body.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let len = frame.data_ref().map_or(0, Buf::remaining);
                    self.left = self.left.saturating_sub(len);
                }
                Poll::Ready(Some(Err(_)) | None) => break,
                Poll::Pending => {
                    ready!(self.deadline.as_mut().poll(cx));
                    break;
                }
            }
        }
        Poll::Ready(self.why)
    }
}
