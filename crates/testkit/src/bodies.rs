//! A request body that comes piece by piece, when the simulation says so.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

#[derive(Debug)]
pub(crate) struct Cut;

#[derive(Clone, Default)]
pub(crate) struct Fed(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    pieces: VecDeque<Bytes>,
    over: bool,
    cut: bool,
    declared: u64,
    taken: usize,
    waker: Option<Waker>,
}

impl Fed {
    /// All of it, at once.
    pub(crate) fn whole(text: &str) -> Self {
        let fed = Self::default();
        fed.0.lock().unwrap().declared = text.len() as u64;
        fed.piece(text);
        fed.finish();
        fed
    }

    pub(crate) fn piece(&self, text: &str) {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        self.change(|state| state.pieces.push_back(bytes));
    }

    pub(crate) fn finish(&self) {
        self.change(|state| state.over = true);
    }

    pub(crate) fn cut(&self) {
        self.change(|state| state.cut = true);
    }

    /// Whether all that came was taken and there was room for it, so that more is asked for.
    pub(crate) fn asks_for_more(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.pieces.is_empty() && state.waker.is_some()
    }

    /// The bytes that were taken, and whether it is the server's turn to do something with them.
    pub(crate) fn taken(&self) -> (usize, bool) {
        let state = self.0.lock().unwrap();
        (
            state.taken,
            state.pieces.is_empty() && state.waker.is_none(),
        )
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
        if state.over {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::new();
        hint.set_lower(self.0.lock().unwrap().declared);
        hint
    }
}
