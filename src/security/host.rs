use std::net::{IpAddr, Ipv6Addr};

/// A host and port of a request, borrowed from its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct HostPort<'a> {
    pub(super) host: Host<&'a str>,
    pub(super) port: Option<u16>,
}

/// A host: an address, or a name of letters, digits, `-`, `_` and dots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host<S> {
    Ip(IpAddr),
    /// In any case, without a trailing dot.
    Name(S),
}

impl<'a> HostPort<'a> {
    /// Reads `host`, `host:port` or `[address]:port`. Refuses everything else: userinfo, escapes, spaces, and
    /// ports that are not numbers.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = split_port(text)?;
        let host = Host::parse(host)?;
        let port = match port {
            None | Some("") => None,
            // `u16` would read a sign, too.
            Some(port) if port.starts_with('+') => return None,
            Some(port) => Some(port.parse().ok()?),
        };
        Some(Self { host, port })
    }

    /// Whether it is this host, on this port or with `None` on any. The scheme is not known here, so a
    /// missing port matches the default port of http and that of https.
    pub(super) fn is_at(&self, host: &Host<Box<str>>, port: Option<u16>) -> bool {
        let is_port = match (port, self.port) {
            (None, _) => true,
            (Some(only), Some(port)) => only == port,
            (Some(only), None) => is_default(only),
        };
        is_port && host.is(&self.host)
    }

    /// Whether both name the same host and port. The scheme is not known here, so a missing port matches the
    /// default port of http and that of https.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let ports = match (self.port, other.port) {
            (Some(one), Some(two)) => one == two,
            (Some(port), None) | (None, Some(port)) => is_default(port),
            (None, None) => true,
        };
        ports && self.host.is(&other.host)
    }
}

/// Whether a port is the default of http or https.
pub(super) fn is_default(port: u16) -> bool {
    matches!(port, 80 | 443)
}

/// Splits `:port` off. A colon in brackets belongs to an address.
pub(super) fn split_port(text: &str) -> Option<(&str, Option<&str>)> {
    let end = match text.starts_with('[') {
        true => memchr::memchr(b']', text.as_bytes())? + 1,
        false => memchr::memchr(b':', text.as_bytes()).unwrap_or(text.len()),
    };
    match &text[end..] {
        "" => Some((text, None)),
        rest => Some((&text[..end], Some(rest.strip_prefix(':')?))),
    }
}

impl<'a> Host<&'a str> {
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if let Some(address) = text.strip_prefix('[') {
            return Some(Self::Ip(IpAddr::V6(ipv6(address.strip_suffix(']')?)?)));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if matches!(name.as_bytes(), [b'0'..=b'9', ..]) {
            if let Ok(address) = name.parse() {
                return Some(Self::Ip(IpAddr::V4(address)));
            }
        }
        let mut label = 0;
        for (at, byte) in name.bytes().enumerate() {
            match byte {
                b'.' if at == label => return None,
                b'.' => label = at + 1,
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => {}
                _ => return None,
            }
        }
        // As in the URL standard, a host whose last label is a number is an IPv4 address, here an invalid one.
        (!is_number(&name.as_bytes()[label..])).then_some(Self::Name(name))
    }

    pub(super) fn to_owned(self) -> Host<Box<str>> {
        match self {
            Self::Ip(address) => Host::Ip(address),
            Self::Name(name) => Host::Name(name.into()),
        }
    }
}

impl<S: AsRef<str>> Host<S> {
    pub(super) fn is(&self, other: &Host<&str>) -> bool {
        match (self, other) {
            (Self::Ip(one), Host::Ip(two)) => one == two,
            (Self::Name(one), Host::Name(two)) => one.as_ref().eq_ignore_ascii_case(two),
            _ => false,
        }
    }
}

/// Whether a label is a number: decimal, octal, or hexadecimal after `0x`. An empty label counts as one.
fn is_number(label: &[u8]) -> bool {
    match label {
        [b'0', b'x' | b'X', hex @ ..] => hex.iter().all(u8::is_ascii_hexdigit),
        digits => digits.iter().all(u8::is_ascii_digit),
    }
}

/// Reads an IPv6 address, with or without a zone. The zone is ignored: it selects a network interface and is
/// not part of the address.
fn ipv6(text: &str) -> Option<Ipv6Addr> {
    let address = match text.split_once('%') {
        None => text,
        Some((address, zone)) => {
            let zone = zone
                .strip_prefix("25")
                .filter(|zone| !zone.is_empty())
                .unwrap_or(zone);
            let in_zone = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
            (!zone.is_empty() && zone.bytes().all(in_zone)).then_some(address)?
        }
    };
    address.parse().ok()
}
