use tracing::Level;

use crate::{response::RejectionKind, security::Refusal};

use super::TARGET;

/// A request was refused for its host or origin. The event names the call that would allow it, if
/// one would.
pub(crate) fn forbidden(service: &'static str, refusal: &Refusal<'_>) {
    const MOST: usize = 4;
    if !tracing::enabled!(target: TARGET, Level::WARN) {
        return;
    }
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
    let reason = refusal.kind.as_str();
    tracing::warn!(
        target: TARGET,
        service,
        reason,
        values = values.join(", "),
        hint,
        "refused: {what} not allowed"
    );
}

/// What a client sent, in a form that is safe to print and not too long. A host name and its port
/// fit in; a user and a password before them stay out.
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

/// For the refusals that a setting changes: which it is.
pub(super) fn hint(kind: RejectionKind) -> Option<&'static str> {
    Some(match kind {
        RejectionKind::BodyTooLarge => "SseServerTransport::body_limit allows larger ones",
        RejectionKind::SessionBusy => {
            "the handler does not keep up, or its client does not read: \
             SseServerTransport::inbox_capacity and inbox_bytes let more wait, delivery_timeout \
             lets them wait longer"
        }
        RejectionKind::ServerBusy => {
            "too many bodies at a time: SseServerTransport::in_flight_bytes allows more"
        }
        RejectionKind::TooManySessions => "SseServerTransport::max_sessions allows more",
        RejectionKind::TooManySessionsOfPrincipal => {
            "SseServerTransport::max_sessions_per_principal allows more"
        }
        _ => return None,
    })
}
