//! What an operator sees: spans and events with the feature `tracing`, metrics with the feature
//! `metrics`.
//!
//! Each event of the transport has one method. The code of both features stands side by side in it.
//! Without the features, the observers have no size and the methods do nothing.
//!
//! These modules import messages and refusals, and no other observed code. Sessions and relays pass names
//! and numbers.
#![allow(
    clippy::unused_self,
    unused_variables,
    reason = "which values of an event are used depends on the features"
)]

#[cfg(feature = "metrics")]
mod metrics;
mod post;
#[cfg(feature = "tracing")]
mod rate;
mod relay;
mod session;
#[cfg(feature = "tracing")]
mod span;
mod stamp;
#[cfg(feature = "tracing")]
mod text;

#[cfg(any(feature = "metrics", feature = "tracing"))]
use crate::caught::caught;
use crate::response::Rejection;

#[cfg(feature = "metrics")]
use self::metrics::Metrics;

pub(crate) use self::{post::PostObserver, session::SessionObserver, stamp::Stamp};

/// The target of every span and event. It does not change when code moves to another module, so that
/// filters continue to work.
#[cfg(feature = "tracing")]
const TARGET: &str = "mcp_sse_server";

/// Observes one transport. A clone is another handle to the same metrics.
#[derive(Clone)]
pub(crate) struct Observer {
    // Made once, because a recorder looks up each name.
    #[cfg(feature = "metrics")]
    metrics: std::sync::Arc<Metrics>,
    #[cfg(feature = "tracing")]
    rate: std::sync::Arc<rate::Rate>,
}

/// Writes an event at its level, or at the level of debug if there were many of its reason.
#[cfg(feature = "tracing")]
macro_rules! limited {
    ($observer:expr, $reason:expr, $level:ident, $($fields:tt)*) => {
        match $observer.rate.admit($reason) {
            Some(left_out) => tracing::$level!(target: $crate::observe::TARGET, left_out, $($fields)*),
            None => tracing::debug!(target: $crate::observe::TARGET, $($fields)*),
        }
    };
}
#[cfg(feature = "tracing")]
use limited;

impl Observer {
    /// `close_reasons` are the names of all reasons for which a session can be closed.
    pub(crate) fn new(close_reasons: &[&'static str]) -> Self {
        Self {
            #[cfg(feature = "metrics")]
            metrics: Metrics::new(close_reasons).into(),
            #[cfg(feature = "tracing")]
            rate: std::sync::Arc::default(),
        }
    }

    /// A message was broadcast: `sent` outboxes took it, and `full` outboxes had no room.
    pub(crate) fn broadcast(&self, sent: usize, full: usize) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            {
                self.metrics.broadcasts.increment(1);
                self.metrics.broadcast_sent.increment(sent as u64);
                self.metrics.broadcast_full.increment(full as u64);
            }
        });
    }

    /// A request to a service (`sse` or `post`) was refused.
    ///
    /// If an option would prevent the refusal, the event is a warning that names the option. A client can
    /// cause such events at will, so their number is limited.
    pub(crate) fn refused(&self, service: &'static str, rejection: &Rejection) {
        reporting(|| {
            let kind = rejection.kind;
            #[cfg(feature = "metrics")]
            metrics::refused(service, kind.as_str());
            #[cfg(feature = "tracing")]
            {
                let (reason, values) = (kind.as_str(), rejection.values());
                let detail = rejection.detail.as_deref();
                match (rejection.hint(), detail) {
                    (Some(hint), _) => {
                        limited!(
                            self,
                            reason,
                            warn,
                            service,
                            reason,
                            values,
                            hint,
                            "refused: {kind}"
                        );
                    }
                    (None, Some(detail)) => {
                        limited!(
                            self,
                            reason,
                            info,
                            service,
                            reason,
                            detail,
                            "refused: {kind}"
                        );
                    }
                    (None, None) => {
                        tracing::debug!(target: TARGET, service, reason, "refused: {kind}");
                    }
                }
            }
        });
    }
}

/// Runs code of a recorder or a subscriber. A panic of it ends here: in a drop or a timer it would end the
/// process, and elsewhere the session that it reports.
#[cfg(any(feature = "metrics", feature = "tracing"))]
fn reporting(code: impl FnOnce()) {
    caught(code);
}

#[cfg(not(any(feature = "metrics", feature = "tracing")))]
fn reporting(_: impl FnOnce()) {}

/// Runs a future in the span that is current now.
#[cfg(feature = "tracing")]
pub(crate) fn in_current_span<F: Future>(future: F) -> impl Future<Output = F::Output> {
    tracing::Instrument::in_current_span(future)
}

/// Runs a future in the span that is current now.
#[cfg(not(feature = "tracing"))]
pub(crate) fn in_current_span<F: Future>(future: F) -> F {
    future
}
