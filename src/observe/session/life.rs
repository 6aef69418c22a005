//! The opening, the handshake and the end of a session.

use std::time::Duration;

use http::request::Parts;

use crate::message::Message;

use super::SessionObserver;
use crate::observe::reporting;

#[cfg(feature = "tracing")]
use {
    crate::observe::{TARGET, limited, text::Clipped},
    std::sync::atomic::Ordering::{Relaxed, SeqCst},
    tracing::{field::display, info, info_span},
};

impl SessionObserver {
    /// The session is in the registry. `client` is the client id of the principal that opened it.
    pub(crate) fn opened(&self, client: Option<&str>, parts: &Parts) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            {
                self.metrics.opened.increment(1);
                self.metrics.sessions.increment(1);
            }
            #[cfg(feature = "tracing")]
            {
                let header = |name| {
                    let value = parts.headers.get(name);
                    value.map(|value| display(Clipped(value.as_bytes())))
                };
                let span = info_span!(
                    target: TARGET,
                    "mcp_sse_session",
                    session = %format_args!("{:08x}", self.log.prefix),
                    client = client.map(|client| display(Clipped(client.as_bytes()))),
                    protocol_version = header("mcp-protocol-version"),
                    user_agent = header(http::header::USER_AGENT.as_str()),
                );
                info!(target: TARGET, parent: &span, "session opened");
                // A session is opened once, so the span is not set yet.
                let _ = self.log.span.set(span);
            }
        });
    }

    /// The session is closed.
    pub(crate) fn closed(&self, reason: &'static str, age: Duration) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            {
                self.metrics.sessions.decrement(1);
                crate::observe::metrics::closed(reason);
                self.metrics.session_duration.record(age);
            }
            self.log_closed(reason, age);
        });
    }

    /// Logs the close, once, and after the opening. Another thread may close the session before
    /// [`opened`](Self::opened) has run. Then [`closed`](Self::closed) logs nothing, and the thread that
    /// opens the session must call this method.
    pub(crate) fn log_closed(&self, reason: &'static str, age: Duration) {
        reporting(|| {
            #[cfg(feature = "tracing")]
            if let Some(span) = self.log.span.get() {
                if self.log.told_close.swap(true, SeqCst) {
                    return;
                }
                info!(
                    target: TARGET,
                    parent: span,
                    reason,
                    duration_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
                    received = self.log.received.load(Relaxed),
                    sent = self.log.sent.load(Relaxed),
                    untaken = self.log.untaken.load(Relaxed),
                    "session closed"
                );
            }
        });
    }

    /// A client came back without a handshake. It is made on the client's behalf.
    pub(crate) fn came_back(&self) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            self.metrics.came_back.increment(1);
            #[cfg(feature = "tracing")]
            if let Some(span) = self.span() {
                info!(
                    target: TARGET,
                    parent: span,
                    "the client came back without initialize: the session is initialized on its behalf"
                );
            }
        });
    }

    /// The handler answered the `initialize` request for a client that came back with an error.
    pub(crate) fn not_initialized(&self, error: &Message) {
        reporting(|| {
            #[cfg(feature = "tracing")]
            if let Some(span) = self.span() {
                let _in_span = span.enter();
                let code = error.as_error().map(|error| display(error.code()));
                limited!(
                    self,
                    "not_initialized",
                    warn,
                    code,
                    "the handler refused to initialize the session of a client that came back"
                );
            }
        });
    }

    /// The handler returned an error.
    pub(crate) fn failed(&self, error: &dyn std::fmt::Display) {
        reporting(|| {
            #[cfg(feature = "tracing")]
            if let Some(span) = self.span() {
                let _in_span = span.enter();
                limited!(self, "handler_failed", warn, %error, "the handler failed");
            }
        });
    }

    /// The session is closed, and these requests got an error because they had no answer.
    pub(crate) fn unanswered(&self, requests: usize) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            self.metrics.unanswered.increment(requests as u64);
            #[cfg(feature = "tracing")]
            if let (1.., Some(span)) = (requests, self.span()) {
                info!(
                    target: TARGET,
                    parent: span,
                    requests,
                    "requests without an answer got an error, because the server ended the session"
                );
            }
        });
    }
}
