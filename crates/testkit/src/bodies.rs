//! A request body that arrives piece by piece, when a test says so.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// The error of a body that was cut.
#[derive(Debug)]
pub struct Cut;

/// A body, and a handle that feeds it: clones share one state.
#[derive(Clone, Default)]
pub struct Fed(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    finished: bool,
    cut: bool,
    declared: u64,
    /// Whether the declared length is exact, as a `content-length` is.
    is_exact: bool,
    taken: usize,
    waker: Option<Waker>,
}

impl Fed {
    /// A body that is there as a whole, and whose length is known.
    pub fn whole(text: &str) -> Self {
        let fed = Self::default();
        fed.0.lock().unwrap().declared = text.len() as u64;
        fed.piece(text);
        fed.finish();
        fed
    }

    /// A body whose exact length is known from the start.
    pub fn declaring(len: usize) -> Self {
        let fed = Self::default();
        fed.change(|state| (state.declared, state.is_exact) = (len as u64, true));
        fed
    }

    /// Adds a piece.
    pub fn piece(&self, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.change(|state| state.pieces.push_back(bytes));
    }

    /// Ends the body after its pieces.
    pub fn finish(&self) {
        self.change(|state| state.finished = true);
    }

    /// Breaks the body off after its pieces.
    pub fn cut(&self) {
        self.change(|state| state.cut = true);
    }

    /// Whether the reader has taken every piece and waits for another.
    pub fn is_awaited(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.pieces.is_empty() && state.waker.is_some()
    }

    /// How many bytes the reader has taken.
    pub fn taken(&self) -> usize {
        self.0.lock().unwrap().taken
    }

    /// Whether the reader has taken every piece and has not asked for another.
    pub fn is_left(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.pieces.is_empty() && state.waker.is_none()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.0.lock().unwrap();
        change(&mut state);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Body for Fed {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let mut state = self.0.lock().unwrap();
        if let Some(piece) = state.pieces.pop_front() {
            state.taken += piece.len();
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        if state.cut {
            return Poll::Ready(Some(Err(Cut)));
        }
        if state.finished {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        let state = self.0.lock().unwrap();
        if state.is_exact {
            return SizeHint::with_exact(state.declared - state.taken as u64);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(state.declared);
        hint
    }
}
