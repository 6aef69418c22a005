use crate::response::{Rejection, RejectionKind};

/// Refuses a host or an origin. The answer says which call allows it, and the log also says what the client sent.
///
/// `values` are the request's hosts or origins: first the target's, then those of the headers. There is no
/// value if a request has no `Origin` and its `sec-fetch-site` is `cross-site`. `is_one` means that the request
/// has exactly one valid value, so that a pattern of the first value would allow it.
pub(super) fn refuse<'a>(
    kind: RejectionKind,
    values: impl Iterator<Item = &'a [u8]>,
    is_one: bool,
) -> Rejection {
    let (what, call) = match kind {
        RejectionKind::OriginNotAllowed => ("origin", "allow_origin"),
        _ => ("host", "allow_host"),
    };
    let detail = match is_one {
        true => format!("this server does not allow it, see {call}"),
        false => format!("the request must name one valid {what}"),
    };
    let rejection = Rejection::from(kind).with_detail(detail);
    with_hint(rejection, values, is_one, [what, call])
}

#[cfg(not(feature = "tracing"))]
fn with_hint<'a>(
    rejection: Rejection,
    _: impl Iterator<Item = &'a [u8]>,
    _: bool,
    _: [&str; 2],
) -> Rejection {
    rejection
}

/// Adds a hint for the log: the call that would allow the request, if there is one.
#[cfg(feature = "tracing")]
fn with_hint<'a>(
    rejection: Rejection,
    values: impl Iterator<Item = &'a [u8]>,
    is_one: bool,
    [what, call]: [&str; 2],
) -> Rejection {
    const MOST: usize = 4;
    let values: Vec<_> = values.take(MOST).map(shown).collect();
    let text = match values.as_slice() {
        [first, ..] if is_one => format!("TransportSecurity::{call}({first}) allows it"),
        [] if what == "origin" => "the browser reports a cross-site request".to_owned(),
        [] => "a request must name its host".to_owned(),
        [_] => format!("this is not a valid {what}"),
        _ => format!("a request must name one {what}"),
    };
    let values = values.join(", ");
    rejection.with_hint(crate::response::Hint { values, text })
}

/// A value that a client sent, escaped to ASCII and cut. The length is enough for a host name and a port. A user
/// and a password before them are left out.
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
