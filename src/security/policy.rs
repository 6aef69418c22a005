use http::{
    HeaderMap, HeaderName, Uri,
    header::{HOST, ORIGIN},
};

use crate::response::{Rejection, RejectionKind};

use super::{
    host::HostPort,
    origin::Origin,
    pattern::{HostPattern, InvalidPattern, OriginPattern},
    refusal::refuse,
};

/// Which hosts and origins may reach the server. See the [module docs](crate::security).
///
/// The default allows loopback only. Each `allow` method adds a host or an origin. Patterns are parsed once,
/// when they are added.
#[derive(Clone, Debug)]
#[must_use = "it has no effect until it is given to a transport"]
pub struct TransportSecurity {
    rules: Option<Rules>,
}

#[derive(Clone, Debug)]
struct Rules {
    hosts: Vec<HostPattern>,
    origins: Vec<OriginPattern>,
}

impl TransportSecurity {
    /// Allows any host and any origin, or none. For a server that clients can reach only through a proxy that
    /// checks both.
    pub fn disabled() -> Self {
        Self { rules: None }
    }

    /// Allows requests for a host: `example.com` or `example.com:*` for any port, `example.com:8443` for this
    /// port. A pattern with port 80 or 443 also allows a host without a port.
    ///
    /// # Errors
    ///
    /// The text is not a host: it has a scheme, a path, a user, a `*` in its name or an invalid port, or it is
    /// an IPv6 address without brackets. Or the security is [`disabled`](Self::disabled).
    pub fn allow_host(mut self, host: impl AsRef<str>) -> Result<Self, InvalidPattern> {
        let host = host.as_ref();
        let pattern = HostPattern::parse(host)?;
        let rules = self.rules.as_mut().ok_or_else(|| disabled(host))?;
        rules.hosts.push(pattern);
        Ok(self)
    }

    /// Allows the pages of an origin: `https://app.example.com` with the scheme's default port,
    /// `https://app.example.com:8443` with this port, `http://app.example.com:*` with any port. `null` allows
    /// pages that hide their origin. Scheme, host and port must be equal, as in RFC 6454.
    ///
    /// Browsers also need CORS headers, which another layer must send.
    ///
    /// # Errors
    ///
    /// The text is not an origin: it has no scheme, it has a path or a trailing slash, or its host is one that
    /// [`allow_host`](Self::allow_host) refuses.
    pub fn allow_origin(mut self, origin: impl AsRef<str>) -> Result<Self, InvalidPattern> {
        let origin = origin.as_ref();
        let pattern = OriginPattern::parse(origin)?;
        let rules = self.rules.as_mut().ok_or_else(|| disabled(origin))?;
        rules.origins.push(pattern);
        Ok(self)
    }

    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Rejection> {
        let Some(rules) = &self.rules else {
            return Ok(());
        };
        let at = host(uri, headers);
        let mut is_allowed = false;
        if let Some(at) = &at {
            for pattern in &rules.hosts {
                is_allowed |= at.is_at(&pattern.host, pattern.port);
            }
        }
        if !is_allowed {
            let authority = uri.authority().map(|at| at.as_str().as_bytes());
            let values = authority.into_iter().chain(values(headers, &HOST));
            return Err(refuse(RejectionKind::HostNotAllowed, values, at.is_some()));
        }
        let origin = origin(headers);
        let is_allowed = match &origin {
            Ok(None) => true,
            Ok(Some(origin)) => rules.origins.iter().any(|known| known.allows(origin)),
            Err(NotOne) => false,
        };
        if !is_allowed {
            let values = values(headers, &ORIGIN);
            let is_one = origin.is_ok();
            return Err(refuse(RejectionKind::OriginNotAllowed, values, is_one));
        }
        Ok(())
    }
}

/// `TransportSecurity::disabled` lets everything in, so there is nothing to add to it.
fn disabled(value: &str) -> InvalidPattern {
    InvalidPattern::new(
        value,
        "cannot be allowed where TransportSecurity::disabled allows everything: begin with \
         TransportSecurity::default(), to which hosts and origins can be added",
        match value.contains("://") {
            true => "https://app.example.com",
            false => "mcp.example.com",
        },
    )
}

impl Default for TransportSecurity {
    fn default() -> Self {
        Self {
            rules: Some(Rules {
                hosts: HostPattern::loopback(),
                origins: OriginPattern::loopback(),
            }),
        }
    }
}

/// The request's host, if it is valid and unambiguous.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<HostPort<'a>> {
    let header = only(headers, &HOST).ok()?;
    let Some(authority) = uri.authority() else {
        return HostPort::parse(header?);
    };
    let authority = HostPort::parse(authority.as_str())?;
    let Some(header) = header else {
        return Some(authority);
    };
    let header = HostPort::parse(header)?;
    // Use the value with a port, which is more specific.
    let at = match authority.port {
        Some(_) => authority,
        None => header,
    };
    authority.agrees(&header).then_some(at)
}

/// The request's origin. `None` if there is no `Origin` and the request is not cross-site.
///
/// Browsers omit the `Origin` of some requests of pages of other sites, such as requests for images. They
/// report such a request in the header `sec-fetch-site`.
fn origin(headers: &HeaderMap) -> Result<Option<Origin<'_>>, NotOne> {
    const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    if let Some(origin) = only(headers, &ORIGIN)? {
        return Origin::parse(origin).map(Some).ok_or(NotOne);
    }
    for line in headers.get_all(SEC_FETCH_SITE) {
        for site in line.as_bytes().split(|byte| *byte == b',') {
            if site.trim_ascii().eq_ignore_ascii_case(b"cross-site") {
                return Err(NotOne);
            }
        }
    }
    Ok(None)
}

/// A header is given twice or is not valid.
struct NotOne;

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, NotOne> {
    let mut all = headers.get_all(name).iter();
    match (all.next(), all.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| NotOne),
        _ => Err(NotOne),
    }
}

fn values<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers
        .get_all(name)
        .iter()
        .map(http::HeaderValue::as_bytes)
}
