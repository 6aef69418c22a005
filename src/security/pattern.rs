use std::{
    error::Error,
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::{
    host::{Host, HostPort, split_port},
    origin::{Origin, at_of, is_scheme},
};

/// An allowed host, on any port or on one port.
#[derive(Clone, Debug)]
pub(super) struct HostPattern {
    pub(super) host: Host<Box<str>>,
    pub(super) port: Option<u16>,
}

/// An allowed origin.
#[derive(Clone, Debug)]
pub(super) enum OriginPattern {
    Null,
    Tuple {
        scheme: Box<str>,
        host: Host<Box<str>>,
        port: PortPattern,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PortPattern {
    Any,
    /// The port of an origin. `None` if it has no port and its scheme has no default port.
    Only(Option<u16>),
}

/// `localhost`, `127.0.0.1` and `[::1]`.
fn loopback() -> [Host<Box<str>>; 3] {
    [
        Host::Name("localhost".into()),
        Host::Ip(Ipv4Addr::LOCALHOST.into()),
        Host::Ip(Ipv6Addr::LOCALHOST.into()),
    ]
}

impl HostPattern {
    pub(super) fn loopback() -> Vec<Self> {
        loopback().map(|host| Self { host, port: None }).into()
    }

    pub(super) fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let refuse = |rule| InvalidPattern::new(text, rule, "mcp.example.com");
        if text.contains("://") {
            return Err(refuse("must be a host without a scheme"));
        }
        let (at, any_port) = without_any_port(text);
        let parsed = HostPort::parse(at).ok_or_else(|| refuse(host_rule(at)))?;
        if any_port && has_port(at) {
            return Err(refuse("must have one port"));
        }
        Ok(Self {
            host: parsed.host.to_owned(),
            port: parsed.port,
        })
    }
}

impl OriginPattern {
    pub(super) fn loopback() -> Vec<Self> {
        let both = |host: Host<Box<str>>| {
            ["http", "https"].map(|scheme| Self::Tuple {
                scheme: scheme.into(),
                host: host.clone(),
                port: PortPattern::Any,
            })
        };
        loopback().into_iter().flat_map(both).collect()
    }

    pub(super) fn parse(text: &str) -> Result<Self, InvalidPattern> {
        let refuse = |rule| InvalidPattern::new(text, rule, "https://app.example.com");
        if text == "null" {
            return Ok(Self::Null);
        }
        let Some((scheme, at)) = text.split_once("://") else {
            return Err(refuse("must have a scheme"));
        };
        if !is_scheme(scheme) {
            return Err(refuse("must begin with a scheme"));
        }
        if at.contains(['/', '?', '#']) {
            return Err(refuse(
                "must end after host and port, without a path or a slash",
            ));
        }
        let (at, any_port) = without_any_port(at);
        let parsed = at_of(scheme, at).ok_or_else(|| refuse(host_rule(at)))?;
        if any_port && has_port(at) {
            return Err(refuse("must have one port"));
        }
        Ok(Self::Tuple {
            scheme: scheme.into(),
            host: parsed.host.to_owned(),
            port: match any_port {
                true => PortPattern::Any,
                false => PortPattern::Only(parsed.port),
            },
        })
    }

    pub(super) fn allows(&self, origin: &Origin<'_>) -> bool {
        match (self, origin) {
            (Self::Null, Origin::Null) => true,
            (Self::Tuple { scheme, host, port }, Origin::Tuple { scheme: theirs, at }) => {
                scheme.eq_ignore_ascii_case(theirs)
                    && host.is(&at.host)
                    && (*port == PortPattern::Any || *port == PortPattern::Only(at.port))
            }
            _ => false,
        }
    }
}

/// Removes `:*`, the Python SDK's notation for any port.
fn without_any_port(text: &str) -> (&str, bool) {
    match text.strip_suffix(":*") {
        Some(rest) => (rest, true),
        None => (text, false),
    }
}

/// Whether a host has a port, even an empty one.
fn has_port(at: &str) -> bool {
    split_port(at).is_some_and(|(_, port)| port.is_some())
}

/// The rule that an invalid host breaks.
fn host_rule(text: &str) -> &'static str {
    match split_port(text) {
        _ if text.contains('@') => "must have no user",
        _ if text.contains('/') => "must be a host, without a path",
        _ if text.contains('*') => "must name one host, `*` stands for a port only",
        _ if !text.is_ascii() => "must be in ASCII, an international name as its `xn--` form",
        Some((host, Some(_))) if Host::parse(host).is_some() => {
            "must have a port from 0 to 65535 or `*`"
        }
        _ if text.parse::<Ipv6Addr>().is_ok() => "must have its IPv6 address in brackets",
        _ => "must be a host name, an IPv4 address or an IPv6 address in brackets",
    }
}

/// A text is not a host or an origin that can be allowed.
///
/// `Display` shows the text, the broken rule and a valid example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPattern {
    value: Box<str>,
    rule: &'static str,
    example: &'static str,
}

impl InvalidPattern {
    pub(super) fn new(value: &str, rule: &'static str, example: &'static str) -> Self {
        let value = value.into();
        Self {
            value,
            rule,
            example,
        }
    }

    /// The text that was given.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value,
            rule,
            example,
        } = self;
        write!(f, "{value:?} {rule}, such as {example:?}")
    }
}

impl Error for InvalidPattern {}
