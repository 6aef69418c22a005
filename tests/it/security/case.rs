//! A row of a table, and the requests that are made from it.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, Version, request::Parts};
use http_body_util::Full;
use mcp_sse_server::TransportSecurity;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    Stop,
    /// On HTTP/1.1 hyper answers 400. On HTTP/2 hyper's client does not send it. In memory it is refused, if
    /// it can be built.
    Hyper,
    /// On HTTP/1.1 it passes, because spaces around a value are removed. Elsewhere it is refused.
    Trimmed,
}

/// One row of a table.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) security: TransportSecurity,
    /// The absolute-form target or `:authority`: with a scheme, or under `http`.
    pub(super) authority: Option<&'static str>,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) verdict: Verdict,
    pub(super) refusal: (u16, &'static str),
    /// The text that a failure prints: the row and its reason.
    pub(super) row: String,
}

/// A way to send a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Memory,
    Http1,
    Http2,
    /// HTTP/2, with the only `Host` header sent as `:authority` instead.
    Http2Authority,
}

impl Case {
    /// The refusal in this way, if there is one.
    pub(super) fn expected(&self, way: Way) -> Option<(u16, &'static str)> {
        match (self.verdict, way) {
            (Verdict::Pass, _) | (Verdict::Trimmed, Way::Http1) => None,
            (Verdict::Hyper, Way::Http1) => Some((400, "")),
            _ => Some(self.refusal),
        }
    }

    fn target(&self, path: &str) -> String {
        match self.authority {
            None => path.to_owned(),
            Some(url) if url.contains("://") => format!("{url}{path}"),
            Some(authority) => format!("http://{authority}{path}"),
        }
    }

    /// Checks that the request arrived in this way, with all its parts.
    pub(super) fn assert_arrived(&self, way: Way, parts: &Parts) {
        let http2 = matches!(way, Way::Http2 | Way::Http2Authority);
        assert!(!http2 || parts.version == Version::HTTP_2, "{}", self.row);
        let authority = self.authority.is_some() || way == Way::Http2Authority;
        assert_eq!(parts.uri.authority().is_some(), authority, "{}", self.row);
        let mut headers = self.headers.clone();
        headers.retain(|(name, _)| *name != "host" || way != Way::Http2Authority);
        for name in ["host", "origin", "sec-fetch-site"] {
            let sent = headers.iter().filter(|header| header.0 == name).count();
            assert_eq!(
                parts.headers.get_all(name).iter().count(),
                sent,
                "{}",
                self.row
            );
        }
    }

    /// The bytes of an HTTP/1.1 request.
    pub(super) fn bytes(&self, method: &str, path: &str, body: &str) -> String {
        let mut text = format!("{method} {} HTTP/1.1\r\n", self.target(path));
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        let len = body.len();
        text + &format!("content-type: application/json\r\ncontent-length: {len}\r\n\r\n{body}")
    }

    /// The request as a value. `None` if it cannot be built, or is the same as in another way.
    pub(super) fn request(
        &self,
        way: Way,
        method: &str,
        path: &str,
        body: &str,
    ) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
        *request.method_mut() = method.parse().unwrap();
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).ok()?;
            headers.append(HeaderName::from_static(name), value);
        }
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        let mut target = self.target(path);
        if way == Way::Http2Authority {
            let mut hosts = self.headers.iter().filter(|(name, _)| *name == "host");
            let (Some((_, host)), None, None) = (hosts.next(), hosts.next(), self.authority) else {
                return None;
            };
            headers.remove("host");
            target = format!("http://{host}{path}");
        }
        *request.uri_mut() = target.parse::<Uri>().ok()?;
        let moved = request.uri().path_and_query().map(|both| both.as_str()) != Some(path);
        // h2 accepts a request without an authority only in version 1.1, as a proxy forwards it.
        let forwarded = request.uri().authority().is_none();
        *request.version_mut() = match forwarded {
            true => Version::HTTP_11,
            false => Version::HTTP_2,
        };
        (!moved).then_some(request)
    }
}
