use http::{HeaderMap, Method, Request, header::ACCEPT};

use crate::endpoint::session_id;

use super::paths::Target;

/// For whom a request is at a URL that the transport shares with Streamable HTTP.
pub(super) fn target<B>(request: &Request<B>) -> Target {
    let headers = request.headers();
    if headers.contains_key("mcp-session-id") {
        return Target::Inner;
    }
    match *request.method() {
        // A client that resumes names the last event that it has seen. No event of ours has an id.
        Method::GET if !headers.contains_key("last-event-id") && accepts_events(headers) => {
            Target::Stream
        }
        Method::POST if session_id(request.uri().query()).is_ok() => Target::Messages,
        _ => Target::Inner,
    }
}

fn accepts_events(headers: &HeaderMap) -> bool {
    const RANGES: [&[u8]; 3] = [b"text/event-stream", b"text/*", b"*/*"];
    !headers.contains_key(ACCEPT)
        || headers
            .get_all(ACCEPT)
            .iter()
            .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
            .filter_map(|range| range.split(|byte| *byte == b';').next())
            .any(|range| {
                RANGES
                    .iter()
                    .any(|known| range.trim_ascii().eq_ignore_ascii_case(known))
            })
}

#[cfg(test)]
mod tests {
    use super::{Target::*, *};

    const OURS: &str = "/mcp?session_id=0123456789abcdef0123456789abcdef";

    #[test]
    fn old_clients_and_new_ones_are_told_apart() {
        let none: &[(&str, &str)] = &[];
        for (method, uri, headers, target) in [
            ("GET", "/mcp", none, Stream),
            ("GET", "/mcp", &[("accept", "text/event-stream")], Stream),
            (
                "GET",
                "/mcp",
                &[("accept", "application/json, */*;q=0.1")],
                Stream,
            ),
            (
                "GET",
                "/mcp",
                &[("accept", "Text/Event-Stream; q=1")],
                Stream,
            ),
            (
                "GET",
                "/mcp",
                &[("accept", "a/b"), ("accept", "text/*")],
                Stream,
            ),
            // The Java SDK's old client, and the TypeScript SDK's when it connects again.
            (
                "GET",
                "/mcp",
                &[("mcp-protocol-version", "2024-11-05")],
                Stream,
            ),
            ("GET", OURS, none, Stream),
            (
                "GET",
                "/mcp",
                &[("accept", "text/html, application/json")],
                Inner,
            ),
            ("GET", "/mcp", &[("accept", "text/event-streams")], Inner),
            ("GET", "/mcp", &[("mcp-session-id", "x")], Inner),
            ("GET", "/mcp", &[("last-event-id", "0")], Inner),
            ("POST", OURS, none, Messages),
            (
                "POST",
                OURS,
                &[("accept", "application/json, text/event-stream")],
                Messages,
            ),
            ("POST", OURS, &[("mcp-session-id", "x")], Inner),
            ("POST", "/mcp", none, Inner),
            ("POST", "/mcp?session_id=mine", none, Inner),
            (
                "POST",
                "/mcp?sessionId=0123456789abcdef0123456789abcdef",
                none,
                Inner,
            ),
            ("DELETE", OURS, none, Inner),
            ("HEAD", "/mcp", none, Inner),
            ("OPTIONS", OURS, none, Inner),
            ("PUT", OURS, none, Inner),
        ] {
            let mut request = Request::builder().method(method).uri(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.body(()).unwrap();
            assert_eq!(super::target(&request), target, "{request:?}");
        }
    }
}
