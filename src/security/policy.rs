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
    hosts: Allowed<HostPattern>,
    origins: Allowed<OriginPattern>,
}

/// The hosts or the origins that are allowed: any, or those that match one of these patterns.
#[derive(Clone, Debug)]
enum Allowed<P> {
    Any,
    Only(Vec<P>),
}

impl TransportSecurity {
    /// Checks neither the host nor the origin. For a server that clients can reach only through a proxy that
    /// checks both.
    pub fn disabled() -> Self {
        Self {
            hosts: Allowed::Any,
            origins: Allowed::Any,
        }
    }

    /// Does not check the host, and still checks the origin. For a server whose names are not known in advance: in
    /// a container, or in a local network.
    ///
    /// Web pages of other origins can post nothing. A page that rebinds its name to this server can still open
    /// streams, because a browser sends no `Origin` with the `GET` of a page to its own host. Prefer
    /// [`allow_host`](Self::allow_host) if you know the names.
    ///
    /// ```
    /// use mcp_sse_server::TransportSecurity;
    ///
    /// let security = TransportSecurity::default()
    ///     .allow_any_host()
    ///     .allow_origin("https://app.example.com")?;
    /// # Ok::<(), mcp_sse_server::security::InvalidPattern>(())
    /// ```
    pub fn allow_any_host(mut self) -> Self {
        self.hosts = Allowed::Any;
        self
    }

    /// Allows requests for a host: `example.com` or `example.com:*` for any port, `example.com:8443` for this
    /// port. A pattern with port 80 or 443 also allows a host without a port.
    ///
    /// # Errors
    ///
    /// The text is not a host: it has a scheme, a path, a user, a `*` in its name or an invalid port, or it is
    /// an IPv6 address without brackets. Or any host is allowed already.
    pub fn allow_host(mut self, host: impl AsRef<str>) -> Result<Self, InvalidPattern> {
        let host = host.as_ref();
        let pattern = HostPattern::parse(host)?;
        match &mut self.hosts {
            Allowed::Only(hosts) => hosts.push(pattern),
            Allowed::Any => return Err(InvalidPattern::new(host, ANY_HOST, "mcp.example.com")),
        }
        Ok(self)
    }

    /// Allows each of these hosts, as [`allow_host`](Self::allow_host) does. For a list from a configuration:
    ///
    /// ```
    /// use mcp_sse_server::TransportSecurity;
    ///
    /// let hosts = "mcp.example.com,10.0.0.7:8000"; // such as from an environment variable
    /// let security = TransportSecurity::default().allow_hosts(hosts.split(','))?;
    /// # Ok::<(), mcp_sse_server::security::InvalidPattern>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`allow_host`](Self::allow_host) refuses one of them.
    pub fn allow_hosts<T: AsRef<str>>(
        self,
        hosts: impl IntoIterator<Item = T>,
    ) -> Result<Self, InvalidPattern> {
        hosts.into_iter().try_fold(self, Self::allow_host)
    }

    /// Allows the pages of an origin: `https://app.example.com` with the scheme's default port,
    /// `https://app.example.com:8443` with this port, `http://app.example.com:*` with any port. Scheme, host and
    /// port must be equal, as in RFC 6454.
    ///
    /// Desktop apps and extensions have an origin with a scheme of their own, such as `tauri://localhost`,
    /// `app://.` or `chrome-extension://` and the extension's id. Some apps send `file://`. A page that a
    /// browser opens from a file sends `null`, as does any page that hides its origin: to allow `null` allows
    /// every web site.
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
        match &mut self.origins {
            Allowed::Only(origins) => origins.push(pattern),
            Allowed::Any => {
                let example = "https://app.example.com";
                return Err(InvalidPattern::new(origin, ANY_ORIGIN, example));
            }
        }
        Ok(self)
    }

    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Rejection> {
        if let Allowed::Only(hosts) = &self.hosts {
            let at = host(uri, headers);
            let mut is_allowed = false;
            if let Some(at) = &at {
                for pattern in hosts {
                    is_allowed |= at.is_at(&pattern.host, pattern.port);
                }
            }
            if !is_allowed {
                let authority = uri.authority().map(|at| at.as_str().as_bytes());
                let values = authority.into_iter().chain(values(headers, &HOST));
                return Err(refuse(RejectionKind::HostNotAllowed, values, at.is_some()));
            }
        }
        if let Allowed::Only(origins) = &self.origins {
            let origin = origin(headers);
            let is_allowed = match &origin {
                Ok(None) => true,
                Ok(Some(origin)) => origins.iter().any(|known| known.allows(origin)),
                Err(NotOne) => false,
            };
            if !is_allowed {
                let (values, is_one) = (values(headers, &ORIGIN), origin.is_ok());
                return Err(refuse(RejectionKind::OriginNotAllowed, values, is_one));
            }
        }
        Ok(())
    }
}

/// The error of a host that is added where any host is allowed.
const ANY_HOST: &str = "cannot be added, because TransportSecurity::disabled or allow_any_host allows any host already: \
    begin with TransportSecurity::default() and add hosts";

/// The error of an origin that is added where any origin is allowed.
const ANY_ORIGIN: &str = "cannot be added, because TransportSecurity::disabled allows any origin already: begin with \
    TransportSecurity::default() and add origins";

impl Default for TransportSecurity {
    fn default() -> Self {
        Self {
            hosts: Allowed::Only(HostPattern::loopback()),
            origins: Allowed::Only(OriginPattern::loopback()),
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
