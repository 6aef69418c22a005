use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::request::Parts;
use http_body::Body;
use tokio::time::Duration;

use crate::{
    message::Message,
    observe::PostObserver,
    options::Options,
    queue::Size,
    response::{Rejection, RejectionKind},
    session::{Incoming, Room, State, Undelivered},
};

use super::{
    body_wait::BodyWait,
    forward::{Forward, Wait},
};

/// The most bytes that are allocated for a declared length before they arrive.
const DECLARED_BYTES: u64 = 64 * 1024;

/// Where a message goes.
pub(super) enum To {
    Session(Arc<State>),
    Node(Box<Forward>),
}

/// Reads a whole body, then delivers its message. A body of one frame of `Bytes` is not copied.
///
/// `http_body_util::Limited` and `Collect` do not fit: the rest of a body over the limit is read and
/// discarded, a frame needs room in the budgets before it is kept, and `Collect` allocates a list of
/// frames, while most bodies have one frame.
pub(super) struct Reading {
    to: To,
    parts: Box<Parts>,
    options: Arc<Options>,
    /// How long the `POST` may still wait for room.
    patience: Duration,
    /// `None` while it waits to grow.
    room: Option<Room>,
    /// Boxed, because it is made only if a budget has no room.
    room_wait: Option<RoomWait>,
    /// How many bytes the body has room for.
    room_bytes: usize,
    len: usize,
    first: Bytes,
    all: BytesMut,
    /// A frame that waits for room.
    frame: Option<Bytes>,
    /// Boxed, because it is made only if the body does not arrive with its head.
    wait: Option<Box<BodyWait>>,
}

type RoomWait = Pin<Box<dyn Future<Output = Result<(Room, Duration), RejectionKind>> + Send>>;

impl Reading {
    pub(super) fn new(to: To, parts: Parts, options: Arc<Options>) -> Self {
        let room = match &to {
            To::Session(state) => Room::new(Some(Arc::clone(state)), options.bodies.here.clone()),
            To::Node(_) => Room::new(None, options.bodies.elsewhere.clone()),
        };
        Self {
            to,
            parts: Box::new(parts),
            patience: options.delivery_timeout,
            room_bytes: 0,
            room: Some(room),
            room_wait: None,
            options,
            len: 0,
            first: Bytes::new(),
            all: BytesMut::new(),
            frame: None,
            wait: None,
        }
    }

    /// Returns the whole body. It must not be polled after that.
    pub(super) fn poll_read<B: Body>(
        &mut self,
        cx: &mut Context<'_>,
        mut body: Pin<&mut B>,
    ) -> Poll<Result<Bytes, Rejection>> {
        loop {
            ready!(self.poll_room(cx, body.size_hint().exact()))?;
            if let Some(frame) = self.frame.take() {
                // If the body says that this frame was its last, no further poll is needed.
                match body.is_end_stream() && self.len == frame.len() {
                    true => return Poll::Ready(Ok(frame)),
                    false => self.keep(frame, body.size_hint().lower()),
                }
            }
            if body.is_end_stream() {
                break;
            }
            let Poll::Ready(frame) = body.as_mut().poll_frame(cx) else {
                let more = body.size_hint().lower();
                return self.poll_wait(cx, more).map(Err);
            };
            match frame {
                None => break,
                Some(Err(_)) => {
                    let rejection = Rejection::from(RejectionKind::BodyUnreadable);
                    return Poll::Ready(Err(rejection.with_detail("it broke off")));
                }
                Some(Ok(frame)) => {
                    let Ok(mut data) = frame.into_data() else {
                        continue;
                    };
                    let len = data.remaining();
                    if len > self.options.body_limit - self.len {
                        return Poll::Ready(Err(RejectionKind::BodyTooLarge.into()));
                    }
                    self.len += len;
                    if let (1.., Some(wait)) = (len, &mut self.wait) {
                        wait.progressed(self.len);
                    }
                    self.frame = Some(data.copy_to_bytes(len));
                }
            }
        }
        Poll::Ready(Ok(match self.all.is_empty() {
            true => std::mem::take(&mut self.first),
            false => std::mem::take(&mut self.all).freeze(),
        }))
    }

    /// Takes room for the whole declared length at once, so that such a body does not wait for room after
    /// it has begun. A body of unknown length takes room for each frame.
    fn poll_room(
        &mut self,
        cx: &mut Context<'_>,
        to_come: Option<u64>,
    ) -> Poll<Result<(), RejectionKind>> {
        let to_come = to_come.unwrap_or(0).try_into().unwrap_or(usize::MAX);
        let bytes = self.len.saturating_add(to_come);
        if let Some(room) = &mut self.room {
            if bytes <= self.room_bytes || room.try_grow(bytes).is_ok() {
                self.room_bytes = bytes.max(self.room_bytes);
                return Poll::Ready(Ok(()));
            }
        }
        if let Some(room) = self.room.take() {
            self.room_wait = Some(Box::pin(room.grow(bytes, self.patience)));
        }
        if let Some(wait) = &mut self.room_wait {
            let (room, patience) = ready!(wait.as_mut().poll(cx))?;
            (self.room, self.room_wait) = (Some(room), None);
            (self.room_bytes, self.patience) = (bytes, patience);
        }
        Poll::Ready(Ok(()))
    }

    /// Keeps a frame: the first frame as it is, further frames in one buffer.
    fn keep(&mut self, frame: Bytes, more: u64) {
        if self.len == frame.len() {
            self.first = frame;
            return;
        }
        if self.all.is_empty() {
            self.gather(self.len, more);
        }
        self.all.put(frame);
    }

    /// Copies the first frame into the buffer for a body of `len` bytes and `more`.
    fn gather(&mut self, len: usize, more: u64) {
        // Reserve for the rest of the body, but not more than a declaration allows.
        let more = more.min(DECLARED_BYTES) as usize;
        self.all.reserve(len + more);
        self.all.put(std::mem::take(&mut self.first));
    }

    /// Waits for the rest of the body. Ready with a refusal if the session is closed or the body stalls.
    fn poll_wait(&mut self, cx: &mut Context<'_>, more: u64) -> Poll<Rejection> {
        // A slice would keep the read buffer for as long as the client wants.
        if !self.first.is_empty() {
            self.gather(self.len, more);
        }
        let size = Size::of(self.room_bytes);
        let wait = self.wait.get_or_insert_with(|| {
            let options = &self.options;
            let (session, budgets) = match &self.to {
                To::Session(state) => (Some(Arc::clone(state)), &options.bodies.here),
                To::Node(_) => (None, &options.bodies.elsewhere),
            };
            let (stall, delivery) = (options.stall_timeout, options.delivery_timeout);
            let budgets = Arc::clone(budgets);
            Box::new(BodyWait::new(session, budgets, size, stall, delivery))
        });
        wait.poll(cx, size)
    }

    /// Puts the message into the inbox of its session, or sends it to another node. Returns a future if it
    /// must wait for one of the two.
    pub(super) fn deliver(
        self,
        text: Bytes,
        observer: &PostObserver,
    ) -> Result<Option<Wait>, Rejection> {
        let Self {
            to,
            parts,
            room,
            patience,
            ..
        } = self;
        let message = Message::parse_slice(text)
            .map_err(|error| Rejection::from(RejectionKind::InvalidMessage).with_detail(error))?;
        observer.parsed(&message);
        let state = match to {
            To::Session(state) => state,
            To::Node(forward) => return Ok(Some(forward.send(&message, &parts, room))),
        };
        match state.try_deliver(Incoming { message, parts }) {
            Ok(()) => Ok(None),
            Err(Undelivered::Refused(kind)) => Err(kind.into()),
            Err(Undelivered::Full(incoming)) => Ok(Some(Box::pin(async move {
                // The message keeps its room while it waits.
                let _room = room;
                state.deliver(incoming, patience).await
            }))),
        }
    }
}
