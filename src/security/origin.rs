use super::host::HostPort;

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
        let mut at = HostPort::parse(at)?;
        at.port = at.port.or(default_port(scheme));
        Some(Self::Tuple { scheme, at })
    }
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
