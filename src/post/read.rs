use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Body;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

use super::lease::{Lease, NoRoom};

/// How much of a body that is too large is read and thrown away, and for how long. A connection that
/// is closed on unread bytes is reset, and the client may lose the answer that it was sent.
const DRAIN_BYTES: usize = 256 * 1024;
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// Why a body could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadError {
    TooLarge,
    Broken,
    NoRoom(NoRoom),
}

pin_project! {
    /// Reads a body whole, within a limit. A body of one frame of `Bytes` is not copied.
    ///
    /// `http_body_util::Limited` and `Collect` would do but for three things: after the limit the same
    /// body must be read on, a frame must find room in the budget before it is kept, and `Collect`
    /// allocates a list for the one frame that there mostly is.
    pub(super) struct Read<B> {
        #[pin]
        body: B,
        limit: usize,
        lease: Option<Lease>,
        frame: Option<Bytes>,
        first: Bytes,
        all: BytesMut,
        drain: Option<Drain>,
    }
}

struct Drain {
    left: usize,
    deadline: Pin<Box<Sleep>>,
}

impl<B: Body> Read<B> {
    pub(super) fn new(body: B, limit: usize, lease: Lease) -> Self {
        Self {
            body,
            limit,
            lease: Some(lease),
            frame: None,
            first: Bytes::new(),
            all: BytesMut::new(),
            drain: None,
        }
    }

    /// Reads a body that is known to be too large, only so that the client can read the answer.
    pub(super) fn too_large(body: B) -> Self {
        Self {
            body,
            limit: 0,
            lease: None,
            frame: None,
            first: Bytes::new(),
            all: BytesMut::new(),
            drain: Some(Drain::new()),
        }
    }

    /// The whole body, with its share of the budgets, to be held while the body is. Not to be polled
    /// after that.
    pub(super) fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Bytes, Lease), ReadError>> {
        let mut this = self.project();
        loop {
            if let Some(drain) = this.drain {
                ready!(drain.poll(cx, this.body.as_mut()));
                return Poll::Ready(Err(ReadError::TooLarge));
            }
            if let (Some(data), Some(lease)) = (&*this.frame, this.lease.as_mut()) {
                let grown = ready!(lease.poll_grow(cx, data.len()));
                grown.map_err(ReadError::NoRoom)?;
            }
            if let Some(data) = this.frame.take() {
                keep(data, this.first, this.all);
            }
            // A body that is known to be over need not be asked for its end.
            if this.body.is_end_stream() {
                break;
            }
            match ready!(this.body.as_mut().poll_frame(cx)) {
                None => break,
                Some(Err(_)) => return Poll::Ready(Err(ReadError::Broken)),
                Some(Ok(frame)) => {
                    let Ok(mut data) = frame.into_data() else {
                        continue;
                    };
                    let len = data.remaining();
                    if len > *this.limit - this.first.len() - this.all.len() {
                        *this.first = Bytes::new();
                        *this.all = BytesMut::new();
                        *this.lease = None;
                        *this.drain = Some(Drain::new());
                    } else {
                        *this.frame = Some(data.copy_to_bytes(len));
                    }
                }
            }
        }
        let body = match this.all.is_empty() {
            true => std::mem::take(this.first),
            false => std::mem::take(this.all).freeze(),
        };
        let lease = this.lease.take().expect("polled after completion");
        Poll::Ready(Ok((body, lease)))
    }
}

/// Keeps a frame: the first as it is, those after it in one buffer.
fn keep(frame: Bytes, first: &mut Bytes, all: &mut BytesMut) {
    if all.is_empty() && first.is_empty() {
        *first = frame;
        return;
    }
    all.reserve(first.len() + frame.len());
    all.put(std::mem::take(first));
    all.put(frame);
}

impl Drain {
    fn new() -> Self {
        Self {
            left: DRAIN_BYTES,
            deadline: Box::pin(sleep(DRAIN_TIME)),
        }
    }

    /// Ready when the body is over or broken, or when enough was thrown away or waited for.
    fn poll<B: Body>(&mut self, cx: &mut Context<'_>, mut body: Pin<&mut B>) -> Poll<()> {
        while self.left > 0 && !body.is_end_stream() {
            match body.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    let len = frame.data_ref().map_or(0, Buf::remaining);
                    self.left = self.left.saturating_sub(len);
                }
                Poll::Ready(Some(Err(_)) | None) => break,
                Poll::Pending => return self.deadline.as_mut().poll(cx),
            }
        }
        Poll::Ready(())
    }
}
