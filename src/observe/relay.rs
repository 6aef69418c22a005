//! Other nodes.

use crate::{
    endpoint::NodeName,
    relay::{Refusal, RelayError},
    response::RejectionKind,
};

use super::meter;

/// A `POST` for a session of another node came here, and nothing takes it there.
#[cfg(feature = "tracing")]
pub(crate) fn elsewhere(here: Option<&NodeName>, node: &NodeName) {
    tracing::warn!(
        target: super::TARGET,
        node = node.as_str(),
        here = here.map(NodeName::as_str),
        hint =
            "let the load balancer route on the query's `node`, or set a relay between the nodes",
        "refused: the session is another node's"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn elsewhere(_: Option<&NodeName>, _: &NodeName) {}

/// A session's node did not take a `POST` that was relayed to it.
#[cfg(feature = "tracing")]
pub(crate) fn relay_refused(node: &NodeName, refusal: Refusal) {
    const TARGET: &str = super::TARGET;
    let node = node.as_str();
    match refusal {
        Refusal::Unreadable => tracing::warn!(target: TARGET, node, "not relayed: other version"),
        _ => tracing::debug!(target: TARGET, node, ?refusal, "refused by the session's node"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn relay_refused(_: &NodeName, _: Refusal) {}

/// A `POST` could not be relayed, or nobody knows whether it was.
#[cfg(feature = "tracing")]
pub(crate) fn relay_failed(node: &NodeName, error: &RelayError) {
    let node = node.as_str();
    match error {
        // Anyone can make a name up.
        RelayError::NoSuchNode => {
            tracing::debug!(target: super::TARGET, node, %error, "not relayed")
        }
        _ => tracing::warn!(target: super::TARGET, node, %error, "not relayed"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn relay_failed(_: &NodeName, _: &RelayError) {}

/// A `POST` was given to the relay, and this became of it.
pub(crate) fn relayed(outcome: Result<(), RejectionKind>) {
    meter::relayed(match outcome {
        Ok(()) => "accepted",
        Err(kind) => kind.as_str(),
    });
}
