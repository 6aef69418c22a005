//! A service that tests whether a header value passes, and an independent check to compare with.

use std::net::Ipv6Addr;

use http::{HeaderValue, Request};
use mcp_sse_server::{Handler, Session, SseServerTransport, TransportSecurity};
use mcp_sse_testkit::polled::Server;

/// Tests whether a value of a header passes.
pub(super) struct Gate<H> {
    server: Server<H>,
    header: &'static str,
}

pub(super) fn gate(header: &'static str, security: TransportSecurity) -> Gate<impl Handler> {
    let options = |transport: SseServerTransport<_>| {
        transport
            .keep_alive(None)
            .stall_timeout(None)
            .security(security)
    };
    let server = Server::with(|_: Session| std::future::pending::<()>(), options);
    Gate { server, header }
}

impl<H: Handler> Gate<H> {
    pub(super) fn lets_in(&self, value: &HeaderValue) -> bool {
        let mut request = Request::get("/sse").body(()).unwrap();
        let headers = request.headers_mut();
        headers.insert("host", HeaderValue::from_static("localhost"));
        headers.insert(self.header, value.clone());
        let response = self.server.ask(request);
        let open = response.status() == 200;
        assert_eq!(self.server.sessions.len(), usize::from(open));
        open
    }

    pub(super) fn lets_text_in(&self, text: &str) -> bool {
        self.lets_in(&HeaderValue::from_bytes(text.as_bytes()).unwrap())
    }
}

/// Whether a text is a loopback host, decided without the code of the crate.
pub(super) fn is_loopback(text: &str) -> bool {
    let is_port = |port: &str| {
        let digits = port.chars().all(|digit: char| digit.is_ascii_digit());
        digits
            && (port.trim_start_matches('0').is_empty()
                || port.parse::<u128>().is_ok_and(|port| port < 65536))
    };
    let text = text.to_ascii_lowercase();
    let name = match text.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => {
            if !is_port(port) {
                return false;
            }
            name
        }
        _ => &text,
    };
    if let Some(address) = name
        .strip_prefix('[')
        .and_then(|name| name.strip_suffix(']'))
    {
        let (address, zone) = address.split_once('%').unwrap_or((address, "x"));
        let zone = !zone.is_empty()
            && zone
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-._~".contains(c));
        return zone && address.parse() == Ok(Ipv6Addr::LOCALHOST);
    }
    ["localhost", "localhost.", "127.0.0.1", "127.0.0.1."].contains(&name)
}
