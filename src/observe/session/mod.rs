use std::time::Duration;

use http::request::Parts;

use crate::message::Message;

use super::{Observer, Stamp};

#[cfg(feature = "tracing")]
use {
    super::{
        TARGET,
        text::{Clipped, id_of, method_of},
    },
    std::sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst},
    },
    tracing::{Span, debug, field::display, info, info_span, trace},
};

/// Observes one session.
pub(crate) struct SessionObserver {
    #[cfg(feature = "metrics")]
    metrics: std::sync::Arc<super::Metrics>,
    #[cfg(feature = "tracing")]
    pub(super) log: Log,
}

/// The session's span, and the numbers for the event of its close.
#[cfg(feature = "tracing")]
#[derive(Default)]
pub(super) struct Log {
    /// The first digits of the session's id.
    pub(super) prefix: u32,
    // Not set before the session is open, so that a refused GET makes no span.
    span: OnceLock<Span>,
    told_close: AtomicBool,
    received: AtomicU64,
    sent: AtomicU64,
    untaken: AtomicU64,
}

impl Observer {
    /// `prefix` is the first digits of the session's id.
    pub(crate) fn session(&self, prefix: u32) -> SessionObserver {
        SessionObserver {
            #[cfg(feature = "metrics")]
            metrics: std::sync::Arc::clone(&self.metrics),
            #[cfg(feature = "tracing")]
            log: Log {
                prefix,
                ..Log::default()
            },
        }
    }
}

impl SessionObserver {
    /// The session is in the registry. `client` is the client id of the principal that opened it.
    pub(crate) fn opened(&self, client: Option<&str>, parts: &Parts) {
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
    }

    /// The session is closed.
    pub(crate) fn closed(&self, reason: &'static str, age: Duration) {
        #[cfg(feature = "metrics")]
        {
            self.metrics.sessions.decrement(1);
            super::metrics::closed(reason);
            self.metrics.session_duration.record(age);
        }
        self.log_closed(reason, age);
    }

    /// Logs the close, once, and after the opening. Another thread may close the session before
    /// [`opened`](Self::opened) has run. Then [`closed`](Self::closed) logs nothing, and the thread that
    /// opens the session must call this method.
    pub(crate) fn log_closed(&self, reason: &'static str, age: Duration) {
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
    }

    /// A message of `bytes` bytes, with the weight `weight`, is in the inbox.
    pub(crate) fn received(&self, bytes: usize, weight: u32) {
        #[cfg(feature = "metrics")]
        {
            self.metrics.received.increment(1);
            self.metrics.received_bytes.increment(bytes as u64);
            self.metrics.inbox.put(weight);
        }
        #[cfg(feature = "tracing")]
        self.log.received.fetch_add(1, Relaxed);
    }

    /// The handler took a message out of the inbox.
    pub(crate) fn taken(&self, since: Stamp, weight: u32) {
        #[cfg(feature = "metrics")]
        self.metrics.inbox.taken(since.since, weight);
    }

    /// These messages were in the inbox when the session was closed or its receiver was dropped.
    pub(crate) fn untaken(&self, (messages, weight): (usize, usize)) {
        #[cfg(feature = "metrics")]
        self.metrics.inbox.dropped(messages, weight);
        #[cfg(feature = "tracing")]
        self.log.untaken.fetch_add(messages as u64, Relaxed);
    }

    /// A send waits for room in the outbox.
    pub(crate) fn waits(&self) {
        #[cfg(feature = "tracing")]
        if let Some(span) = self.span() {
            debug!(
                target: TARGET,
                parent: span,
                "the client does not keep up: a send waits for room in the outbox"
            );
        }
    }

    /// A message is in the outbox.
    pub(crate) fn sent(&self, weight: u32) {
        #[cfg(feature = "metrics")]
        self.metrics.outbox.put(weight);
        #[cfg(feature = "tracing")]
        self.log.sent.fetch_add(1, Relaxed);
    }

    /// The stream took a message out of the outbox. The message of a broadcast is `None`, because the
    /// outbox holds its event only.
    pub(crate) fn written(&self, message: Option<&Message>, since: Stamp, weight: u32) {
        #[cfg(feature = "metrics")]
        {
            self.metrics.sent.increment(1);
            self.metrics.outbox.taken(since.since, weight);
        }
        #[cfg(feature = "tracing")]
        match (self.span(), message) {
            (None, _) => {}
            (Some(span), Some(message)) => debug!(
                target: TARGET,
                parent: span,
                kind = ?message.kind(),
                id = id_of(message).map(display),
                method = method_of(message).map(display),
                "message sent"
            ),
            (Some(span), None) => debug!(target: TARGET, parent: span, "broadcast sent"),
        }
    }

    /// These messages were in the outbox when the stream was dropped or the session was cut.
    pub(crate) fn unread(&self, (messages, weight): (usize, usize)) {
        #[cfg(feature = "metrics")]
        self.metrics.outbox.dropped(messages, weight);
        #[cfg(feature = "tracing")]
        if let (1.., Some(span)) = (messages, self.span()) {
            info!(
                target: TARGET,
                parent: span,
                messages,
                "messages of a closed session were not read"
            );
        }
    }

    /// The stream passed `bytes` bytes to the server.
    pub(crate) fn wrote(&self, bytes: usize) {
        #[cfg(feature = "metrics")]
        self.metrics.sent_bytes.increment(bytes as u64);
    }

    pub(crate) fn kept_alive(&self) {
        #[cfg(feature = "metrics")]
        self.metrics.keep_alives.increment(1);
        #[cfg(feature = "tracing")]
        if let Some(span) = self.span() {
            trace!(target: TARGET, parent: span, "keep-alive");
        }
    }

    /// Whether there is a span that code can run in.
    pub(crate) const HAS_SPANS: bool = cfg!(feature = "tracing");

    /// Runs code of the session's handler in the session's span.
    pub(crate) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        if let Some(span) = self.span() {
            return span.in_scope(code);
        }
        code()
    }

    #[cfg(feature = "tracing")]
    pub(super) fn span(&self) -> Option<&Span> {
        self.log.span.get()
    }
}

#[cfg(all(test, feature = "tracing"))]
mod tests;
