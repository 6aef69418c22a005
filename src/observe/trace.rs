use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, header::USER_AGENT, request::Parts};
use tracing::{
    Instrument, Span, debug,
    field::{Empty, debug as debug_value, display},
    info, info_span, trace, warn,
};

use crate::{
    message::{Id, Message},
    rejection::RejectionKind,
    session::{CloseReason, Principal, SessionId},
};

use super::{clip::Clipped, refusal::hint};

/// A session's span, and what its end will be told with.
#[derive(Default)]
pub(super) struct SessionSpan {
    // Not there yet while a session is being opened: one that is refused leaves no span behind.
    span: OnceLock<Span>,
    received: AtomicU64,
    sent: AtomicU64,
}

impl SessionSpan {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn opened(&self, id: &SessionId, principal: Option<&Principal>, parts: &Parts) {
        let header = |name| clipped(&parts.headers, name);
        let client = principal.map(|principal| Clipped(principal.client_id().as_bytes()));
        let span = info_span!(
            "mcp_sse_session",
            session = %format_args!("{:08x}", id.prefix()),
            client = client.map(display),
            protocol_version = header("mcp-protocol-version").map(display),
            user_agent = header(USER_AGENT.as_str()).map(display),
        );
        info!(parent: &span, "session opened");
        // It is opened once.
        let _ = self.span.set(span);
    }

    pub(super) fn closed(&self, reason: CloseReason, age: Duration, untaken: usize) {
        let Some(span) = self.span.get() else { return };
        info!(
            parent: span,
            reason = reason.as_str(),
            duration_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
            received = self.received.load(Ordering::Relaxed),
            sent = self.sent.load(Ordering::Relaxed),
            untaken,
            "session closed"
        );
    }

    /// The stream is gone, and some was not read.
    pub(super) fn unread(&self, messages: usize) {
        if let (1.., Some(span)) = (messages, self.span.get()) {
            info!(parent: span, messages, "messages of a closed session were not read");
        }
    }

    pub(super) fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A message goes out, or one of a broadcast.
    pub(super) fn written(&self, message: Option<&Message>) {
        let Some(span) = self.span.get() else { return };
        match message {
            Some(message) => debug!(
                parent: span,
                kind = ?message.kind(),
                id = id_of(message).map(display),
                method = method_of(message).map(display),
                "message sent"
            ),
            None => debug!(parent: span, "broadcast sent"),
        }
    }

    pub(super) fn waits(&self) {
        if let Some(span) = self.span.get() {
            debug!(parent: span, "the client does not keep up: a send waits for room in the outbox");
        }
    }

    pub(super) fn kept_alive(&self) {
        if let Some(span) = self.span.get() {
            trace!(parent: span, "keep-alive");
        }
    }

    /// Runs code of the session's handler in its span.
    pub(super) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        match self.span.get() {
            Some(span) => span.in_scope(code),
            None => code(),
        }
    }
}

/// The span of a `POST`: a child of the caller's, linked to the session's.
pub(super) struct PostSpan(Span);

impl PostSpan {
    pub(super) fn start() -> Self {
        Self(info_span!(
            "mcp_sse_post",
            session = Empty,
            kind = Empty,
            id = Empty,
            method = Empty,
            outcome = Empty,
        ))
    }

    pub(super) fn of_session(&self, id: &SessionId, session: &SessionSpan) {
        self.0
            .record("session", display(format_args!("{:08x}", id.prefix())));
        if let Some(session) = session.span.get() {
            self.0.follows_from(session);
        }
    }

    pub(super) fn parsed(&self, message: &Message) {
        self.0.record("kind", debug_value(message.kind()));
        if let Some(id) = id_of(message) {
            self.0.record("id", display(id));
        }
        if let Some(method) = method_of(message) {
            self.0.record("method", display(method));
        }
    }

    pub(super) fn accepted(&self) {
        self.0.record("outcome", "accepted");
        debug!(parent: &self.0, "message accepted");
    }

    pub(super) fn refused(&self, kind: RejectionKind) {
        self.0.record("outcome", kind.as_str());
        self.in_scope(|| refused("post", kind));
    }

    pub(super) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.0.in_scope(code)
    }
}

/// A refusal, with the call that changes it if one does. Those for a host or an origin have an event of
/// their own, with the value.
pub(super) fn refused(service: &'static str, kind: RejectionKind) {
    let reason = kind.as_str();
    match (kind, hint(kind)) {
        (RejectionKind::HostNotAllowed | RejectionKind::OriginNotAllowed, _) => {}
        (_, Some(hint)) => warn!(service, reason, hint, "refused: {kind}"),
        (_, None) => debug!(service, reason, "refused: {kind}"),
    }
}

/// Runs a future in the span in which it is made.
pub(crate) fn in_current_span<F: Future>(future: F) -> impl Future<Output = F::Output> {
    future.in_current_span()
}

fn clipped<'a>(headers: &'a HeaderMap, name: &str) -> Option<Clipped<'a>> {
    headers.get(name).map(|value| Clipped(value.as_bytes()))
}

fn method_of(message: &Message) -> Option<Clipped<'_>> {
    message.method().map(|method| Clipped(method.as_bytes()))
}

/// Integers and strings are not told apart here: who reads it looks for one, and knows.
fn id_of(message: &Message) -> Option<Clipped<'_>> {
    message.id().map(|id| match id {
        Id::Integer(text) | Id::String(text) => Clipped(text.as_bytes()),
    })
}
