use std::fmt::Display;

use crate::response::RejectionKind;

/// A `POST` for a session of another node arrived here, and there is no relay.
pub(crate) fn unroutable(here: Option<&str>, node: &str) {
    #[cfg(feature = "tracing")]
    tracing::warn!(
        target: super::TARGET,
        node,
        here,
        hint = "let the load balancer route on the query's `node`, or set a relay between the nodes",
        "refused: the session is another node's"
    );
}

/// A `POST` was given to the relay. `outcome` says what came of it, `why` explains a refusal.
pub(crate) fn relayed(node: &str, outcome: Result<(), RejectionKind>, why: &dyn Display) {
    #[cfg(feature = "metrics")]
    super::metrics::relayed(outcome.map_or_else(RejectionKind::as_str, |()| "accepted"));
    #[cfg(feature = "tracing")]
    match outcome {
        Ok(()) => {}
        // The operator can do something about these.
        Err(
            RejectionKind::NodeUnreachable
            | RejectionKind::NodeSilent
            | RejectionKind::TooLargeToRelay,
        ) => tracing::warn!(target: super::TARGET, node, %why, "not relayed"),
        // A client can make up a node's name or a session's id.
        Err(_) => tracing::debug!(target: super::TARGET, node, %why, "not relayed"),
    }
}
