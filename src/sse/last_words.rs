use bytes::Bytes;

use crate::{
    event,
    message::{ErrorCode, Message, OwnedRequestId},
    session::{CloseReason, State},
};

use super::frames::FRAME_BYTES;

/// The errors for requests that have no answer when the server ends their session.
pub(super) struct LastWords {
    ids: std::vec::IntoIter<OwnedRequestId>,
    reason: CloseReason,
}

impl LastWords {
    /// No request of the session is accepted after that.
    pub(super) fn new(state: &State) -> Self {
        let ids = state.unanswered();
        state.observer.unanswered(ids.len());
        Self {
            ids: ids.into_iter(),
            // A stream ends after a close.
            reason: state.close_reason().unwrap_or(CloseReason::Closed),
        }
    }

    /// The next frame of errors.
    pub(super) fn frame(&mut self) -> Option<Bytes> {
        let mut frame = Vec::new();
        while frame.len() < FRAME_BYTES {
            let Some(id) = self.ids.next() else {
                break;
            };
            let code = ErrorCode::INTERNAL_ERROR;
            // The id is that of a message, so it can be written.
            if let Ok(error) = Message::error(id, code, self.reason.as_answer()) {
                event::message(&mut frame, error.as_bytes(), error.is_plain());
            }
        }
        (!frame.is_empty()).then(|| frame.into())
    }
}
