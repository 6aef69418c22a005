//! Other nodes. Without the feature `tracing` nothing is told of them.

#[cfg(feature = "nats")]
use crate::relay::nats::NatsEvent;
use crate::{
    endpoint::NodeName,
    relay::{Refusal, RelayError},
};

/// A `POST` for a session of another node came here, and nothing takes it there.
#[cfg(feature = "tracing")]
pub(crate) fn elsewhere(here: Option<&NodeName>, node: &NodeName) {
    tracing::warn!(
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
    tracing::debug!(
        node = node.as_str(),
        ?refusal,
        "refused by the session's node"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn relay_refused(_: &NodeName, _: Refusal) {}

/// A `POST` could not be relayed, or nobody knows whether it was.
#[cfg(feature = "tracing")]
pub(crate) fn relay_failed(node: &NodeName, error: &RelayError) {
    let node = node.as_str();
    match error {
        // Anyone can make a name up.
        RelayError::NoSuchNode => tracing::debug!(node, %error, "not relayed"),
        _ => tracing::warn!(node, %error, "not relayed"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn relay_failed(_: &NodeName, _: &RelayError) {}

/// What happens to the connection to NATS.
#[cfg(all(feature = "nats", feature = "tracing"))]
pub(crate) fn nats(event: &NatsEvent) {
    match event {
        NatsEvent::Connected => tracing::info!("{event}"),
        _ => tracing::warn!("{event}"),
    }
}

#[cfg(all(feature = "nats", not(feature = "tracing")))]
pub(crate) fn nats(_: &NatsEvent) {}
