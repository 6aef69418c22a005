use std::{fmt, future::poll_fn, sync::Arc};

use http::request::Parts;

use super::{id::SessionId, incoming::Incoming, state::State};

/// The half of a [`Session`](super::Session) that receives. It also holds the head of the `GET` that
/// opened the session.
///
/// When it is dropped, messages in the inbox are dropped, and further `POST`s get 404.
#[must_use = "the client of a session whose receiver is dropped cannot post"]
pub struct SessionReceiver {
    state: Arc<State>,
    parts: Box<Parts>,
}

impl SessionReceiver {
    pub(super) fn new(state: Arc<State>, parts: Box<Parts>) -> Self {
        Self { state, parts }
    }

    /// The next message that the client posted. `None` if no more messages will come: the session is
    /// closed, or the server [shuts down](super::SessionRegistry::shutdown).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a message leaves the inbox only when this future returns it.
    pub async fn recv(&mut self) -> Option<Incoming> {
        poll_fn(|cx| self.state.poll_recv(cx)).await
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
