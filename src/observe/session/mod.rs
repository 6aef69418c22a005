mod life;
#[cfg(all(test, feature = "tracing"))]
mod tests;

use crate::message::Message;

use super::{Observer, Stamp, reporting};

#[cfg(feature = "tracing")]
use {
    super::{
        TARGET,
        span::InSpan,
        text::{id_of, method_of},
    },
    std::sync::{
        OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    tracing::{Span, debug, info, trace},
};

/// Observes one session.
pub(crate) struct SessionObserver {
    #[cfg(feature = "metrics")]
    metrics: std::sync::Arc<super::Metrics>,
    #[cfg(feature = "tracing")]
    pub(super) log: Log,
    #[cfg(feature = "tracing")]
    rate: std::sync::Arc<super::rate::Rate>,
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

#[cfg(feature = "tracing")]
impl Log {
    fn new(prefix: u32) -> Self {
        let mut log = Self::default();
        log.prefix = prefix;
        log
    }
}

#[cfg(feature = "tracing")]
impl Drop for Log {
    fn drop(&mut self) {
        // This closes the span. It may run in the thread of the runtime's timer.
        reporting(|| drop(self.span.take()));
    }
}

impl Observer {
    /// `prefix` is the first digits of the session's id.
    pub(crate) fn session(&self, prefix: u32) -> SessionObserver {
        SessionObserver {
            #[cfg(feature = "metrics")]
            metrics: std::sync::Arc::clone(&self.metrics),
            #[cfg(feature = "tracing")]
            log: Log::new(prefix),
            #[cfg(feature = "tracing")]
            rate: std::sync::Arc::clone(&self.rate),
        }
    }
}

impl SessionObserver {
    /// A message of `bytes` bytes, with the weight `weight`, is in the inbox.
    pub(crate) fn received(&self, bytes: usize, weight: u32) {
        self.answered(bytes);
        #[cfg(feature = "metrics")]
        reporting(|| self.metrics.inbox.put(weight));
    }

    /// A message answers a request of the handler. It does not enter the inbox.
    pub(crate) fn answered(&self, bytes: usize) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            {
                self.metrics.received.increment(1);
                self.metrics.received_bytes.increment(bytes as u64);
            }
            #[cfg(feature = "tracing")]
            self.log.received.fetch_add(1, Relaxed);
        });
    }

    /// The handler took a message out of the inbox.
    pub(crate) fn taken(&self, since: Stamp, weight: u32) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            self.metrics.inbox.taken(since.since, weight);
        });
    }

    /// These messages were in the inbox when the session was closed or its receiver was dropped.
    pub(crate) fn untaken(&self, (messages, weight): (usize, usize)) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            self.metrics.inbox.dropped(messages, weight);
            #[cfg(feature = "tracing")]
            self.log.untaken.fetch_add(messages as u64, Relaxed);
        });
    }

    /// A send waits for room in the outbox.
    pub(crate) fn waits(&self) {
        reporting(|| {
            #[cfg(feature = "tracing")]
            if let Some(span) = self.span() {
                debug!(
                    target: TARGET,
                    parent: span,
                    "the client does not keep up: a send waits for room in the outbox"
                );
            }
        });
    }

    /// A message is in the outbox.
    pub(crate) fn sent(&self, weight: u32) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            self.metrics.outbox.put(weight);
            #[cfg(feature = "tracing")]
            self.log.sent.fetch_add(1, Relaxed);
        });
    }

    /// The stream took a message out of the outbox. The message of a broadcast is `None`, because the
    /// outbox holds its event only.
    pub(crate) fn written(&self, message: Option<&Message>, since: Stamp, weight: u32) {
        reporting(|| {
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
        });
    }

    /// These messages were in the outbox when the stream was dropped or the session was cut.
    pub(crate) fn unread(&self, (messages, weight): (usize, usize)) {
        reporting(|| {
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
        });
    }

    /// The stream passed `bytes` bytes to the server.
    pub(crate) fn wrote(&self, bytes: usize) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            self.metrics.sent_bytes.increment(bytes as u64);
        });
    }

    pub(crate) fn kept_alive(&self) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            self.metrics.keep_alives.increment(1);
            #[cfg(feature = "tracing")]
            if let Some(span) = self.span() {
                trace!(target: TARGET, parent: span, "keep-alive");
            }
        });
    }

    /// Whether there is a span that code can run in.
    pub(crate) const HAS_SPANS: bool = cfg!(feature = "tracing");

    /// Runs code of the session's handler in the session's span.
    pub(crate) fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        #[cfg(feature = "tracing")]
        let _in_span = self.span().map(InSpan::enter);
        code()
    }

    #[cfg(feature = "tracing")]
    pub(super) fn span(&self) -> Option<&Span> {
        self.log.span.get()
    }
}
