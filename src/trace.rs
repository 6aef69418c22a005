//! Events for a `tracing` subscriber. Without the feature `tracing` they are nothing.

use crate::security::Refusal;

/// A request was refused for its host or origin. The event names the call that would allow it.
#[cfg(feature = "tracing")]
pub(crate) fn refused(refusal: &Refusal<'_>) {
    let (what, values, call) = match refusal {
        Refusal::Host(values) => ("host", values, "TransportSecurity::allow_host"),
        Refusal::Origin(values) => ("origin", values, "TransportSecurity::allow_origin"),
    };
    let values: Vec<_> = values.iter().map(|value| shown(value)).collect();
    let hint = match values.as_slice() {
        [value] => format!("{call}({value:?}) allows it"),
        [] if what == "origin" => "the browser says that a page of another site asks".to_owned(),
        [] => "a request must name its host".to_owned(),
        _ => format!("a request must name one {what}"),
    };
    tracing::warn!(?values, hint, "refused: {what} not allowed");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn refused(_: &Refusal<'_>) {}

/// What a client sent, in a form that is safe to print and not too long.
#[cfg(feature = "tracing")]
fn shown(value: &[u8]) -> String {
    const LEN: usize = 100;
    let end = if value.len() > LEN { ".." } else { "" };
    format!("{}{end}", value[..value.len().min(LEN)].escape_ascii())
}
