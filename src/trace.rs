//! Events for a `tracing` subscriber. Without the feature `tracing` they are nothing.

#[cfg(feature = "tracing")]
use crate::rejection::RejectionKind;
#[cfg(feature = "nats")]
use crate::relay::nats::NatsEvent;
use crate::{
    endpoint::NodeName,
    relay::{Refusal as RelayRefusal, RelayError},
    security::Refusal,
};

/// A request was refused for its host or origin. The event names the call that would allow it, if
/// one would.
#[cfg(feature = "tracing")]
pub(crate) fn refused(refusal: &Refusal<'_>) {
    const MOST: usize = 4;
    let (what, call) = match refusal.kind {
        RejectionKind::OriginNotAllowed => ("origin", "TransportSecurity::allow_origin"),
        _ => ("host", "TransportSecurity::allow_host"),
    };
    let values: Vec<_> = refusal
        .values
        .iter()
        .take(MOST)
        .map(|value| shown(value))
        .collect();
    let hint = match values.as_slice() {
        [first, ..] if refusal.is_one => format!("{call}({first}) allows it"),
        [] if what == "origin" => "the browser says that a page of another site asks".to_owned(),
        [] => "a request must name its host".to_owned(),
        [_] => format!("no {what} is written so"),
        _ => format!("a request must name one {what}"),
    };
    tracing::warn!(
        values = values.join(", "),
        hint,
        "refused: {what} not allowed"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn refused(_: &Refusal<'_>) {}

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
pub(crate) fn relay_refused(node: &NodeName, refusal: RelayRefusal) {
    let node = node.as_str();
    match refusal {
        RelayRefusal::Unreadable => tracing::warn!(node, "not relayed: other version"),
        _ => tracing::debug!(node, ?refusal, "refused by the session's node"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn relay_refused(_: &NodeName, _: RelayRefusal) {}

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

/// What a client sent, in a form that is safe to print and not too long. A host name and its port
/// fit in; a user and a password before them stay out.
#[cfg(feature = "tracing")]
fn shown(value: &[u8]) -> String {
    const LEN: usize = 300;
    let (user, host) = match memchr::memrchr(b'@', value) {
        Some(at) => ("..", &value[at..]),
        None => ("", value),
    };
    let end = if host.len() > LEN { ".." } else { "" };
    format!(
        "\"{user}{}\"{end}",
        host[..host.len().min(LEN)].escape_ascii()
    )
}

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
