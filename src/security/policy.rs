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
/// The default lets loopback in and nothing else; each `allow` adds to it. Patterns are read once,
/// when they are given.
#[derive(Clone, Debug)]
#[must_use = "it protects nothing until it is given to a transport"]
pub struct TransportSecurity {
    rules: Option<Rules>,
}

#[derive(Clone, Debug)]
struct Rules {
    hosts: Vec<HostPattern>,
    origins: Vec<OriginPattern>,
}

impl TransportSecurity {
    /// Checks nothing: any host, any origin, none. For a server that nobody reaches but through a
    /// proxy that checks both.
    pub fn disabled() -> Self {
        Self { rules: None }
    }

    /// Lets requests for a host in: `example.com` and `example.com:*` on any port,
    /// `example.com:8443` on that one. Ports 80 and 443 are also what a host without a port may mean.
    ///
    /// # Errors
    ///
    /// The text is no host: it has a scheme, a path, a user, a `*` in its name, a port that is no
    /// port; or an IPv6 address stands without brackets. Or the security is [`disabled`](Self::disabled).
    pub fn allow_host(mut self, host: impl AsRef<str>) -> Result<Self, InvalidPattern> {
        let host = host.as_ref();
        let pattern = HostPattern::parse(host)?;
        let rules = self.rules.as_mut().ok_or_else(|| disabled(host))?;
        rules.hosts.push(pattern);
        Ok(self)
    }

    /// Lets pages of an origin in: `https://app.example.com`, with the scheme's default port;
    /// `https://app.example.com:8443`; `http://app.example.com:*` on any port; `null` for pages that
    /// hide theirs. Scheme, host and port must be equal, as in RFC 6454.
    ///
    /// Browsers also ask for CORS headers, which are another layer's to send.
    ///
    /// # Errors
    ///
    /// The text is no origin: it has no scheme, or a path, if only a slash; or what
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
        if !at.is_some_and(|at| rules.hosts.iter().any(|host| host.allows(&at))) {
            let authority = uri.authority().map(|at| at.as_str().as_bytes());
            let values = authority.into_iter().chain(values(headers, &HOST));
            return Err(refuse(RejectionKind::HostNotAllowed, values, at.is_some()));
        }
        let origin = origin(headers);
        match &origin {
            Ok(None) => Ok(()),
            Ok(Some(origin)) if rules.origins.iter().any(|known| known.allows(origin)) => Ok(()),
            _ => {
                let values = values(headers, &ORIGIN);
                Err(refuse(
                    RejectionKind::OriginNotAllowed,
                    values,
                    origin.is_ok(),
                ))
            }
        }
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

/// The host that the request is for, if it names one and only one.
fn host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<HostPort<'a>> {
    let header = match only(headers, &HOST) {
        Ok(value) => value.map(HostPort::parse),
        Err(NotOne) => return None,
    };
    let authority = uri
        .authority()
        .map(|authority| HostPort::parse(authority.as_str()));
    match (authority, header) {
        (Some(authority), None) => authority,
        (None, Some(header)) => header,
        (Some(authority), Some(header)) => {
            let (one, two) = (authority?, header?);
            // The one that names a port says more.
            let at = if one.port.is_some() { one } else { two };
            one.agrees(&two).then_some(at)
        }
        (None, None) => None,
    }
}

/// The origin that the request comes from, if it comes from a page that says so.
fn origin(headers: &HeaderMap) -> Result<Option<Origin<'_>>, NotOne> {
    match only(headers, &ORIGIN)? {
        Some(origin) => Origin::parse(origin).map(Some).ok_or(NotOne),
        None if is_cross_site(headers) => Err(NotOne),
        None => Ok(None),
    }
}

/// Browsers send no `Origin` with some requests of other sites' pages, such as those for images. They
/// say in this header that they did so.
fn is_cross_site(headers: &HeaderMap) -> bool {
    const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
    values(headers, &SEC_FETCH_SITE)
        .flat_map(|line| line.split(|byte| *byte == b','))
        .any(|site| site.trim_ascii().eq_ignore_ascii_case(b"cross-site"))
}

/// A header is not there once, or not readable.
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
