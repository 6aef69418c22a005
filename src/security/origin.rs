use super::host::{Host, HostPort};

/// An origin as RFC 6454 writes it in a header: `null`, or scheme, host and port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin<'a> {
    Null,
    Tuple {
        /// In any case.
        scheme: &'a str,
        /// With the scheme's default port, if the origin has no port.
        at: HostPort<'a>,
    },
}

impl<'a> Origin<'a> {
    /// Reads one origin. Refuses lists, paths and userinfo.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if text == "null" {
            return Some(Self::Null);
        }
        let (scheme, at) = text.split_once("://")?;
        if !is_scheme(scheme) {
            return None;
        }
        let at = at_of(scheme, at)?;
        Some(Self::Tuple { scheme, at })
    }
}

/// Reads what follows `scheme://`.
///
/// Browsers treat the name after a scheme of an app or an extension as plain text: it may be a number, or `.` as
/// in `app://.`. In `file://` it is empty.
pub(super) fn at_of<'a>(scheme: &str, text: &'a str) -> Option<HostPort<'a>> {
    let default = default_port(scheme);
    if let Some(at) = HostPort::parse(text) {
        let port = at.port.or(default);
        return Some(HostPort { port, ..at });
    }
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_name = match text {
        "" => scheme.eq_ignore_ascii_case("file"),
        name => default.is_none() && name.bytes().all(in_name),
    };
    let host = Host::Name(text);
    is_name.then_some(HostPort { host, port: None })
}

/// RFC 3986, section 3.1.
pub(super) fn is_scheme(scheme: &str) -> bool {
    let mut bytes = scheme.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        _ if scheme.eq_ignore_ascii_case("http") => Some(80),
        _ if scheme.eq_ignore_ascii_case("https") => Some(443),
        _ => None,
    }
}
