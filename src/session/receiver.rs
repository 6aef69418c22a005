use std::{
    fmt,
    future::poll_fn,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use http::request::Parts;

use super::{
    error::TryRecvError, id::SessionId, incoming::Incoming, returning::Returning, state::State,
};

/// The half of a [`Session`](super::Session) that receives. It also holds the head of the `GET` that
/// opened the session.
///
/// When it is dropped, messages in the inbox are dropped, and further `POST`s get 404.
#[must_use = "the client of a session whose receiver is dropped cannot post"]
pub struct SessionReceiver {
    state: Arc<State>,
    parts: Box<Parts>,
    returning: Returning,
}

impl SessionReceiver {
    pub(super) fn new(state: Arc<State>, parts: Box<Parts>) -> Self {
        Self {
            state,
            parts,
            returning: Returning::Done,
        }
    }

    /// The next message that the client posted. See [`Session::recv`](super::Session::recv).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the inbox only when this future returns it.
    pub async fn recv(&mut self) -> Option<Incoming> {
        poll_fn(|cx| self.returning.poll_recv(&self.state, cx)).await
    }

    /// The next message, if one waits now. See [`Session::try_recv`](super::Session::try_recv).
    ///
    /// # Errors
    ///
    /// No message waits, or no more messages will come.
    pub fn try_recv(&mut self) -> Result<Incoming, TryRecvError> {
        let mut cx = Context::from_waker(Waker::noop());
        match self.returning.poll_recv(&self.state, &mut cx) {
            Poll::Ready(Some(incoming)) => Ok(incoming),
            Poll::Ready(None) => Err(TryRecvError::Closed),
            Poll::Pending => Err(TryRecvError::Empty),
        }
    }

    /// See [`Session::initialize_returning_clients`](super::Session::initialize_returning_clients).
    pub fn initialize_returning_clients(&mut self) {
        if matches!(self.returning, Returning::Done) {
            self.returning = Returning::Undecided;
        }
    }

    /// The id of the session.
    pub fn id(&self) -> &SessionId {
        &self.state.id
    }

    /// The `GET` request that opened the session.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }
}

impl Drop for SessionReceiver {
    fn drop(&mut self) {
        self.state.discard_inbox();
    }
}

impl fmt::Debug for SessionReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionReceiver")
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}
