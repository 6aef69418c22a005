use std::fmt::Display;

use crate::response::RejectionKind;

use super::{Observer, reporting};

#[cfg(feature = "tracing")]
use super::limited;

impl Observer {
    /// A `POST` for a session of another node arrived here, and there is no relay.
    pub(crate) fn unroutable(&self, here: Option<&str>, node: &str) {
        reporting(|| {
            #[cfg(feature = "tracing")]
            limited!(
                self,
                "unroutable",
                warn,
                node,
                here,
                hint = "let the load balancer route on the query's `node`, or set a relay between the nodes",
                "refused: the session is another node's"
            );
        });
    }

    /// The relay forwarded a `POST`, or tried to. `outcome` is the result, `why` explains a refusal.
    pub(crate) fn relayed(
        &self,
        node: &str,
        outcome: Result<(), RejectionKind>,
        why: &dyn Display,
    ) {
        reporting(|| {
            #[cfg(feature = "metrics")]
            super::metrics::relayed(outcome.map_or_else(RejectionKind::as_str, |()| "accepted"));
            #[cfg(feature = "tracing")]
            match outcome {
                Ok(()) => {}
                // Warnings, because an operator can fix the cause.
                Err(
                    kind @ (RejectionKind::NodeUnreachable
                    | RejectionKind::NodeSilent
                    | RejectionKind::TooLargeToRelay),
                ) => limited!(self, kind.as_str(), warn, node, %why, "not relayed"),
                // No warning, because a client can cause it with an invented node name or session id.
                Err(_) => tracing::debug!(target: super::TARGET, node, %why, "not relayed"),
            }
        });
    }
}
