use std::time::Duration;

use http::request::Parts;

use crate::{
    message::Message,
    session::{CloseReason, Principal, SessionId},
};

use super::{meter::Meter, trace::SessionSpan};

/// What is told of one session.
pub(crate) struct SessionObserver {
    meter: Meter,
    pub(super) span: SessionSpan,
}

impl SessionObserver {
    /// Whether there is a span that code can be in.
    pub(crate) const HAS_SPANS: bool = cfg!(feature = "tracing");

    pub(crate) fn new(meter: Meter) -> Self {
        Self {
            meter,
            span: SessionSpan::new(),
        }
    }

    pub(crate) fn opened(&self, id: &SessionId, principal: Option<&Principal>, parts: &Parts) {
        self.meter.opened();
        self.span.opened(id, principal, parts);
    }

    /// So many messages were in the inbox when the session ended, or when its handler let go of it.
    pub(crate) fn untaken(&self, messages: usize) {
        self.span.untaken(messages);
    }

    pub(crate) fn closed(&self, reason: CloseReason, age: Duration) {
        self.meter.closed(reason, age);
        self.span.closed(reason, age);
    }

    /// The stream is gone; so many messages were in its outbox.
    pub(crate) fn unread(&self, messages: usize) {
        self.span.unread(messages);
    }

    /// A message is in the inbox.
    pub(crate) fn received(&self, bytes: usize) {
        self.meter.received(bytes);
        self.span.received();
    }

    /// A message is in the outbox.
    pub(crate) fn sent(&self) {
        self.span.sent();
    }

    /// A send waits for room in the outbox.
    pub(crate) fn waits(&self) {
        self.span.waits();
    }

    /// A message is out of the outbox. One of a broadcast is known as bytes only.
    pub(crate) fn written(&self, message: Option<&Message>) {
        self.span.written(message);
    }

    /// Bytes are given to the server.
    pub(crate) fn gave(&self, bytes: usize) {
        self.meter.wrote(bytes);
    }

    pub(crate) fn kept_alive(&self) {
        self.meter.kept_alive();
        self.span.kept_alive();
    }

    /// Runs code of the session's handler.
    pub(crate) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.span.in_scope(code)
    }
}
