#![expect(clippy::unused_self, reason = "the same calls as with the feature")]

use std::time::Duration;

use http::request::Parts;

use crate::{
    message::Message,
    response::RejectionKind,
    session::{CloseReason, Principal, SessionId},
};

/// No span.
pub(super) struct SessionSpan;

impl SessionSpan {
    pub(super) fn new() -> Self {
        Self
    }

    pub(super) fn opened(&self, _: &SessionId, _: Option<&Principal>, _: &Parts) {}
    pub(super) fn untaken(&self, _: usize) {}
    pub(super) fn closed(&self, _: CloseReason, _: Duration) {}
    pub(super) fn unread(&self, _: usize) {}
    pub(super) fn received(&self) {}
    pub(super) fn sent(&self) {}
    pub(super) fn written(&self, _: Option<&Message>) {}
    pub(super) fn waits(&self) {}
    pub(super) fn kept_alive(&self) {}

    pub(super) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        code()
    }
}

pub(super) struct PostSpan;

impl PostSpan {
    pub(super) fn start() -> Self {
        Self
    }

    pub(super) fn of_session(&self, _: &SessionId, _: &SessionSpan) {}
    pub(super) fn parsed(&self, _: &Message) {}
    pub(super) fn accepted(&self) {}
    pub(super) fn refused(&self, _: RejectionKind) {}

    pub(super) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        code()
    }
}

pub(super) fn refused(_: &'static str, _: RejectionKind) {}
pub(crate) fn forbidden(_: &'static str, _: &crate::security::Refusal<'_>) {}

pub(crate) fn in_current_span<F: Future>(future: F) -> F {
    future
}
