use crate::{message::Message, response::RejectionKind, session::SessionId};

use super::{
    meter::{self, Meter, PostMeter},
    session::SessionObserver,
    trace::{self, PostSpan},
};

/// What is told of one `POST`.
pub(crate) struct PostObserver {
    meter: PostMeter,
    span: PostSpan,
}

impl PostObserver {
    pub(crate) fn start(meter: &Meter) -> Self {
        Self {
            meter: PostMeter::start(meter),
            span: PostSpan::start(),
        }
    }

    pub(crate) fn of_session(&self, id: &SessionId, session: &SessionObserver) {
        self.span.of_session(id, &session.span);
    }

    pub(crate) fn parsed(&mut self, message: &Message) {
        self.span.parsed(message);
    }

    /// It is answered with 202.
    pub(crate) fn accepted(&mut self) {
        self.meter.accepted();
        self.span.accepted();
    }

    pub(crate) fn refused(&mut self, kind: RejectionKind) {
        self.meter.refused(kind);
        self.span.refused(kind);
    }

    pub(crate) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.span.in_scope(code)
    }
}

/// A `GET` was refused.
pub(crate) fn stream_refused(kind: RejectionKind) {
    meter::refused("sse", kind);
    trace::refused("sse", kind);
}
