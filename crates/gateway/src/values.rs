//! Parses single values of flags. Each error says what is allowed.

use std::time::Duration;

use http::HeaderName;
use mcp_sse_server::{Session, SseServerTransport, TransportSecurity};

/// A header of the `GET`, and the child's variable that gets its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub(crate) header: HeaderName,
    pub(crate) name: String,
}

pub(crate) fn path(text: &str) -> Result<String, String> {
    match SseServerTransport::new(text, |_: Session| async {}) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

pub(crate) fn pattern_host(text: &str) -> Result<String, String> {
    let allowed = TransportSecurity::default().allow_host(text);
    allowed
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

pub(crate) fn pattern_origin(text: &str) -> Result<String, String> {
    let allowed = TransportSecurity::default().allow_origin(text);
    allowed
        .map(|_| text.to_owned())
        .map_err(|error| error.to_string())
}

/// Parses a number of seconds, such as 8 or 0.5.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "must be a number of seconds, such as 8 or 0.5".to_owned())
}

pub(crate) fn header(text: &str) -> Result<HeaderName, String> {
    let refuse = |rule: &str| Err(rule.to_owned());
    // The transports set these themselves.
    const OWN: [&str; 7] = [
        "accept",
        "connection",
        "content-length",
        "content-type",
        "host",
        "last-event-id",
        "mcp-session-id",
    ];
    match text.parse::<HeaderName>() {
        Err(_) => refuse("must be the name of a header, such as X-Tenant"),
        Ok(header) if OWN.contains(&header.as_str()) => {
            refuse("is set by the gateway itself, name another header")
        }
        Ok(header) => Ok(header),
    }
}

/// Parses `HEADER=VARIABLE`.
pub(crate) fn variable(text: &str) -> Result<Variable, String> {
    let refuse = |rule: &str| format!("{rule}, such as Authorization=API_TOKEN");
    let Some((header, name)) = text.split_once('=') else {
        return Err(refuse("must be HEADER=VARIABLE"));
    };
    let header = header
        .parse()
        .map_err(|_| refuse("must have a header name before the ="))?;
    let first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let mut bytes = name.bytes();
    if !bytes.next().is_some_and(first) || !bytes.all(|byte| first(byte) || byte.is_ascii_digit()) {
        return Err(refuse(
            "must have letters, digits and _ after the =, and no digit first",
        ));
    }
    // The client chooses the value.
    const LOADED: [&str; 6] = [
        "PATH",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "NODE_OPTIONS",
        "PYTHONPATH",
        "PYTHONSTARTUP",
    ];
    match LOADED.contains(&name) {
        true => Err(format!(
            "must not name {name}: with it, a client could run code of its own"
        )),
        false => Ok(Variable {
            header,
            name: name.to_owned(),
        }),
    }
}
