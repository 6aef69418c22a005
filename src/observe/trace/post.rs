use tracing::{
    Span, debug,
    field::{Empty, debug as debug_value, display},
    info_span, warn,
};

use crate::{
    message::Message,
    observe::{TARGET, refusal::hint},
    response::RejectionKind,
    session::SessionId,
};

use super::{SessionSpan, id_of, method_of};

/// The span of a `POST`: a child of the caller's, linked to the session's.
pub(crate) struct PostSpan(Span);

impl PostSpan {
    pub(crate) fn start() -> Self {
        Self(info_span!(
            target: TARGET,
            "mcp_sse_post",
            session = Empty,
            kind = Empty,
            id = Empty,
            method = Empty,
            outcome = Empty,
        ))
    }

    pub(crate) fn of_session(&self, id: &SessionId, session: &SessionSpan) {
        if self.0.is_disabled() {
            return;
        }
        self.0
            .record("session", display(format_args!("{:08x}", id.prefix())));
        if let Some(session) = session.get() {
            self.0.follows_from(session);
        }
    }

    pub(crate) fn parsed(&self, message: &Message) {
        // Each value is looked up by its name, whether anybody listens or not.
        if self.0.is_disabled() {
            return;
        }
        self.0.record("kind", debug_value(message.kind()));
        if let Some(id) = id_of(message) {
            self.0.record("id", display(id));
        }
        if let Some(method) = method_of(message) {
            self.0.record("method", display(method));
        }
    }

    pub(crate) fn accepted(&self) {
        if !self.0.is_disabled() {
            self.0.record("outcome", "accepted");
        }
        debug!(target: TARGET, parent: &self.0, "message accepted");
    }

    pub(crate) fn refused(&self, kind: RejectionKind) {
        self.0.record("outcome", kind.as_str());
        self.in_scope(|| refused("post", kind));
    }

    pub(crate) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.0.in_scope(code)
    }
}

/// A refusal, with the call that changes it if one does. Those for a host or an origin have an event of
/// their own, with the value.
pub(crate) fn refused(service: &'static str, kind: RejectionKind) {
    let reason = kind.as_str();
    match (kind, hint(kind)) {
        (RejectionKind::HostNotAllowed | RejectionKind::OriginNotAllowed, _) => {}
        (_, Some(hint)) => warn!(target: TARGET, service, reason, hint, "refused: {kind}"),
        (_, None) => debug!(target: TARGET, service, reason, "refused: {kind}"),
    }
}
