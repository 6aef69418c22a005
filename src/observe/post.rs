use std::marker::PhantomData;

use crate::{message::Message, response::Rejection};

use super::{Observer, SessionObserver, reporting};

#[cfg(feature = "tracing")]
use {
    super::{TARGET, span, text},
    tracing::field::{Empty, display},
};

/// While it exists, code runs in the span of a `POST`.
#[must_use = "dropping it leaves the span"]
pub(crate) struct InSpan<'a> {
    #[cfg(feature = "tracing")]
    _entered: span::InSpan<'a>,
    _post: PhantomData<&'a PostObserver>,
}

/// Observes one `POST`. A `POST` that is dropped before it has an outcome was cancelled.
pub(crate) struct PostObserver {
    observer: Observer,
    #[cfg(feature = "metrics")]
    start: tokio::time::Instant,
    #[cfg(feature = "metrics")]
    has_outcome: bool,
    /// A child of the span that was current, and follows from the session's span.
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

impl Observer {
    /// The head of a `POST` arrived.
    pub(crate) fn post(&self) -> PostObserver {
        #[cfg(feature = "tracing")]
        let mut span = tracing::Span::none();
        #[cfg(feature = "tracing")]
        reporting(|| {
            span = tracing::info_span!(
                target: TARGET,
                "mcp_sse_post",
                session = Empty,
                kind = Empty,
                id = Empty,
                method = Empty,
                outcome = Empty,
            );
        });
        PostObserver {
            observer: self.clone(),
            #[cfg(feature = "metrics")]
            start: tokio::time::Instant::now(),
            #[cfg(feature = "metrics")]
            has_outcome: false,
            #[cfg(feature = "tracing")]
            span,
        }
    }
}

impl PostObserver {
    /// The `POST` is for this session.
    pub(crate) fn in_session(&self, session: &SessionObserver) {
        reporting(|| {
            #[cfg(feature = "tracing")]
            if !self.span.is_disabled() {
                self.span.record(
                    "session",
                    display(format_args!("{:08x}", session.log.prefix)),
                );
                if let Some(session) = session.span() {
                    self.span.follows_from(session);
                }
            }
        });
    }

    /// The body is a message.
    pub(crate) fn parsed(&self, message: &Message) {
        reporting(|| {
            // Recording looks up each field by its name, even if the span is disabled.
            #[cfg(feature = "tracing")]
            if !self.span.is_disabled() {
                self.span
                    .record("kind", tracing::field::debug(message.kind()));
                text::record(&self.span, "id", text::id_of(message));
                text::record(&self.span, "method", text::method_of(message));
            }
        });
    }

    /// The message is in the inbox.
    pub(crate) fn accepted(&mut self) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            {
                self.observer.metrics.accepted.increment(1);
                self.observer
                    .metrics
                    .post_duration
                    .record(self.start.elapsed());
                self.has_outcome = true;
            }
            #[cfg(feature = "tracing")]
            {
                if !self.span.is_disabled() {
                    self.span.record("outcome", "accepted");
                }
                tracing::debug!(target: TARGET, parent: &self.span, "message accepted");
            }
        });
    }

    pub(crate) fn refused(&mut self, rejection: &Rejection) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            {
                self.has_outcome = true;
                self.observer.metrics.refused.increment(1);
            }
            #[cfg(feature = "tracing")]
            self.span.record("outcome", rejection.kind.as_str());
        });
        let _in_span = self.enter();
        self.observer.refused("post", rejection);
    }

    /// Enters the span of the `POST` until the guard is dropped.
    pub(crate) fn enter(&self) -> InSpan<'_> {
        InSpan {
            #[cfg(feature = "tracing")]
            _entered: span::InSpan::enter(&self.span),
            _post: PhantomData,
        }
    }
}

#[cfg(any(feature = "metrics", feature = "tracing"))]
impl Drop for PostObserver {
    fn drop(&mut self) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            if !self.has_outcome {
                self.observer.metrics.cancelled.increment(1);
            }
        });
        #[cfg(feature = "tracing")]
        reporting(|| drop(std::mem::replace(&mut self.span, tracing::Span::none())));
    }
}
