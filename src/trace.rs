//! Events for a `tracing` subscriber. Without the feature `tracing` they are nothing.

#[cfg(feature = "tracing")]
use crate::rejection::RejectionKind;
use crate::{endpoint::NodeName, security::Refusal};

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
pub(crate) fn elsewhere(here: &NodeName, node: &NodeName) {
    tracing::warn!(
        node = node.as_str(),
        here = here.as_str(),
        hint =
            "let the load balancer route on the query's `node`, or set a relay between the nodes",
        "refused: the session is another node's"
    );
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn elsewhere(_: &NodeName, _: &NodeName) {}

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
