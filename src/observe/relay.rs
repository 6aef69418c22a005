use std::fmt::Display;

use crate::response::RejectionKind;

use super::reporting;

/// A `POST` for a session of another node arrived here, and there is no relay.
pub(crate) fn unroutable(here: Option<&str>, node: &str) {
    reporting(|| {
        #[cfg(feature = "tracing")]
        tracing::warn!(
            target: super::TARGET,
            node,
            here,
            hint = "let the load balancer route on the query's `node`, or set a relay between the nodes",
            "refused: the session is another node's"
        );
    });
}

/// The relay forwarded a `POST`, or tried to. `outcome` is the result, `why` explains a refusal.
pub(crate) fn relayed(node: &str, outcome: Result<(), RejectionKind>, why: &dyn Display) {
    reporting(|| {
        #[cfg(feature = "metrics")]
        super::metrics::relayed(outcome.map_or_else(RejectionKind::as_str, |()| "accepted"));
        #[cfg(feature = "tracing")]
        match outcome {
            Ok(()) => {}
            // Warnings, because an operator can fix the cause.
            Err(
                RejectionKind::NodeUnreachable
                | RejectionKind::NodeSilent
                | RejectionKind::TooLargeToRelay,
            ) => tracing::warn!(target: super::TARGET, node, %why, "not relayed"),
            // No warning, because a client can cause it with an invented node name or session id.
            Err(_) => tracing::debug!(target: super::TARGET, node, %why, "not relayed"),
        }
    });
}
