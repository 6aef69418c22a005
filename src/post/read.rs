use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body::Body;
use pin_project_lite::pin_project;

use super::{
    drain::Drain,
    lease::{Lease, NoRoom},
    stall::Stall,
};

/// How many bytes there is room made for before they are there.
const PROMISED_BYTES: u64 = 64 * 1024;

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
        stall_timeout: Option<Duration>,
        stall: Option<Stall>,
        lease: Option<Lease>,
        frame: Option<Bytes>,
        first: Bytes,
        all: BytesMut,
        drain: Option<Drain>,
    }
}

impl<B: Body> Read<B> {
    pub(super) fn new(
        body: B,
        limit: usize,
        stall_timeout: Option<Duration>,
        lease: Lease,
    ) -> Self {
        Self {
            body,
            limit,
            stall_timeout,
            stall: None,
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
            stall_timeout: None,
            stall: None,
            lease: None,
            frame: None,
            first: Bytes::new(),
            all: BytesMut::new(),
            drain: Some(Drain::of_too_large()),
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
            if let (Some(drain), None) = (&mut *this.drain, &*this.lease) {
                return drain.poll_refusal(cx, this.body.as_mut()).map(Err);
            }
            if let (Some(data), Some(lease)) = (&*this.frame, this.lease.as_mut()) {
                if let Err(no_room) = ready!(lease.poll_grow(cx, data.len())) {
                    *this.drain = Some(Drain::of_refused(ReadError::NoRoom(no_room), *this.limit));
                }
            }
            if this.drain.is_some() {
                // What is not delivered takes no memory while the client sends the rest of it.
                (*this.first, *this.all) = Default::default();
                (*this.frame, *this.lease) = Default::default();
                continue;
            }
            if let Some(data) = this.frame.take() {
                let more = this.body.size_hint().lower();
                keep(data, this.first, this.all, more);
            }
            // A body that is known to be over need not be asked for its end.
            if this.body.is_end_stream() {
                break;
            }
            let Poll::Ready(frame) = this.body.as_mut().poll_frame(cx) else {
                // Only a body of which something is kept keeps it from others.
                if let (Some(timeout), false) = (
                    *this.stall_timeout,
                    this.first.is_empty() && this.all.is_empty(),
                ) {
                    let stall = this.stall.get_or_insert_with(|| Stall::new(timeout));
                    ready!(stall.poll(cx));
                    return Poll::Ready(Err(ReadError::Broken));
                }
                return Poll::Pending;
            };
            if let Some(stall) = this.stall {
                stall.progress();
            }
            match frame {
                None => break,
                Some(Err(_)) => return Poll::Ready(Err(ReadError::Broken)),
                Some(Ok(frame)) => {
                    let Ok(mut data) = frame.into_data() else {
                        continue;
                    };
                    let len = data.remaining();
                    if len > *this.limit - this.first.len() - this.all.len() {
                        *this.drain = Some(Drain::of_too_large());
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
fn keep(frame: Bytes, first: &mut Bytes, all: &mut BytesMut, more: u64) {
    if all.is_empty() && first.is_empty() {
        *first = frame;
        return;
    }
    // Room for the rest at once, if it is not more than a client should get for a promise.
    let rest = match first.is_empty() {
        true => 0,
        false => more.min(PROMISED_BYTES) as usize,
    };
    all.reserve(first.len() + frame.len() + rest);
    all.put(std::mem::take(first));
    all.put(frame);
}
