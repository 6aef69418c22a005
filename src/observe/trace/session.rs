use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, header::USER_AGENT, request::Parts};
use tracing::{Span, debug, info, info_span, trace};

use crate::{
    message::Message,
    observe::{TARGET, clip::Clipped},
    session::{CloseReason, Principal, SessionId},
};

use super::{id_of, method_of};

/// A session's span, and what its end will be told with.
#[derive(Default)]
pub(crate) struct SessionSpan {
    // Not there yet while a session is being opened: one that is refused leaves no span behind.
    span: OnceLock<Span>,
    // Of a session that was closed before it had its span.
    early_end: OnceLock<End>,
    received: AtomicU64,
    sent: AtomicU64,
    untaken: AtomicU64,
}

#[derive(Clone, Copy)]
struct End {
    reason: CloseReason,
    age: Duration,
}

impl SessionSpan {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn opened(&self, id: &SessionId, principal: Option<&Principal>, parts: &Parts) {
        let header = |name| clipped(&parts.headers, name);
        let client = principal.map(|principal| Clipped(principal.client_id().as_bytes()));
        let span = info_span!(
            target: TARGET,
            "mcp_sse_session",
            session = %format_args!("{:08x}", id.prefix()),
            client = client.map(display),
            protocol_version = header("mcp-protocol-version").map(display),
            user_agent = header(USER_AGENT.as_str()).map(display),
        );
        info!(target: TARGET, parent: &span, "session opened");
        if let (Err(span), Some(end)) = (self.span.set(span), self.early_end.get()) {
            self.tell_end(&span, *end);
        }
    }

    pub(crate) fn untaken(&self, messages: usize) {
        self.untaken.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self, reason: CloseReason, age: Duration) {
        let end = End { reason, age };
        // The registry may close a session from another thread while it is being opened here.
        let span = self.span.get_or_init(|| {
            // It is closed once.
            let _ = self.early_end.set(end);
            Span::none()
        });
        if !span.is_none() {
            self.tell_end(span, end);
        }
    }

    fn tell_end(&self, span: &Span, end: End) {
        info!(
            target: TARGET,
            parent: span,
            reason = end.reason.as_str(),
            duration_ms = u64::try_from(end.age.as_millis()).unwrap_or(u64::MAX),
            received = self.received.load(Ordering::Relaxed),
            sent = self.sent.load(Ordering::Relaxed),
            untaken = self.untaken.load(Ordering::Relaxed),
            "session closed"
        );
    }

    /// The stream is gone, and some was not read.
    pub(crate) fn unread(&self, messages: usize) {
        if let (1.., Some(span)) = (messages, self.span.get()) {
            info!(
                target: TARGET,
                parent: span,
                messages,
                "messages of a closed session were not read"
            );
        }
    }

    pub(crate) fn received(&self) {
        self.received.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A message goes out, or one of a broadcast.
    pub(crate) fn written(&self, message: Option<&Message>) {
        let Some(span) = self.span.get() else { return };
        match message {
            Some(message) => debug!(
                target: TARGET,
                parent: span,
                kind = ?message.kind(),
                id = id_of(message).map(display),
                method = method_of(message).map(display),
                "message sent"
            ),
            None => debug!(target: TARGET, parent: span, "broadcast sent"),
        }
    }

    pub(crate) fn waits(&self) {
        if let Some(span) = self.span.get() {
            debug!(
                target: TARGET,
                parent: span,
                "the client does not keep up: a send waits for room in the outbox"
            );
        }
    }

    pub(crate) fn kept_alive(&self) {
        if let Some(span) = self.span.get() {
            trace!(target: TARGET, parent: span, "keep-alive");
        }
    }

    /// Its span, once it is opened.
    pub(super) fn get(&self) -> Option<&Span> {
        self.span.get()
    }

    /// Runs code of the session's handler in its span.
    pub(crate) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        match self.span.get() {
            Some(span) => span.in_scope(code),
            None => code(),
        }
    }
}

fn clipped<'a>(headers: &'a HeaderMap, name: &str) -> Option<Clipped<'a>> {
    headers.get(name).map(|value| Clipped(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_session_that_is_closed_while_it_is_opened_says_both() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&log);
        let subscriber = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || LogWriter(Arc::clone(&writer)))
            .finish();
        let (parts, ()) = http::Request::new(()).into_parts();
        tracing::subscriber::with_default(subscriber, || {
            let span = SessionSpan::new();
            span.closed(CloseReason::Shutdown, Duration::ZERO);
            span.opened(&SessionId::random(), None, &parts);
        });
        let log = String::from_utf8(log.lock().unwrap().clone()).unwrap();
        let lines: Vec<_> = log.lines().collect();
        let [opened, closed] = lines[..] else {
            panic!("{log}")
        };
        assert!(opened.contains("session opened"), "{opened}");
        assert!(closed.contains("session closed"), "{closed}");
        assert!(closed.contains(r#"reason="shutdown""#), "{closed}");
        for line in lines {
            assert!(line.contains("mcp_sse_session{session="), "{line}");
        }
    }

    struct LogWriter(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for LogWriter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}
