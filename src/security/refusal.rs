use crate::response::{Rejection, RejectionKind};

/// Refuses a host or an origin.
///
/// `values` are the host or the origin as the request names it: first the target's, then the headers'.
/// An origin has no value if only the browser says that a page of another site asks. `is_one` says
/// whether the request names exactly one, so that a pattern of the first value would let it in.
#[cfg(not(feature = "tracing"))]
pub(super) fn refuse<'a>(
    kind: RejectionKind,
    _: impl Iterator<Item = &'a [u8]>,
    _: bool,
) -> Rejection {
    kind.into()
}

/// Refuses a host or an origin, with a hint for the log: the call that would allow it, if one would.
#[cfg(feature = "tracing")]
pub(super) fn refuse<'a>(
    kind: RejectionKind,
    values: impl Iterator<Item = &'a [u8]>,
    is_one: bool,
) -> Rejection {
    const MOST: usize = 4;
    let (what, call) = match kind {
        RejectionKind::OriginNotAllowed => ("origin", "TransportSecurity::allow_origin"),
        _ => ("host", "TransportSecurity::allow_host"),
    };
    let values: Vec<_> = values.take(MOST).map(shown).collect();
    let text = match values.as_slice() {
        [first, ..] if is_one => format!("{call}({first}) allows it"),
        [] if what == "origin" => "the browser says that a page of another site asks".to_owned(),
        [] => "a request must name its host".to_owned(),
        [_] => format!("no {what} is written so"),
        _ => format!("a request must name one {what}"),
    };
    let values = values.join(", ");
    Rejection::from(kind).with_hint(crate::response::Hint { values, text })
}

/// What a client sent, escaped to ASCII and cut. A host name and its port fit in; a user and a password
/// before them stay out.
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
