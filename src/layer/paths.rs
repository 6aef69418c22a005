use http::{HeaderMap, Method, Request, header::ACCEPT};

use crate::{
    endpoint::{Endpoint, session_id},
    response::RejectionKind,
};

/// Which requests the transport answers.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    stream: Endpoint,
    messages: Endpoint,
    /// Whether the inner service has the stream's path, too.
    shared: bool,
}

/// What answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Stream,
    Messages,
    Inner,
}

impl Paths {
    pub(crate) fn new(stream: Endpoint, messages: Endpoint) -> Self {
        Self {
            stream,
            messages,
            shared: false,
        }
    }

    pub(crate) fn shared(self) -> Self {
        Self {
            shared: true,
            ..self
        }
    }

    pub(super) fn target<B>(&self, request: &Request<B>) -> Target {
        let path = request.uri().path();
        let is_shared =
            self.shared && without_last_slash(path) == without_last_slash(self.stream.as_str());
        match is_shared {
            true => shared_target(request),
            false => self.own_target(request),
        }
    }

    fn own_target<B>(&self, request: &Request<B>) -> Target {
        let path = without_last_slash(request.uri().path());
        let is = |known: &Endpoint| path == without_last_slash(known.as_str());
        match (is(&self.stream), is(&self.messages)) {
            (false, false) => Target::Inner,
            (false, true) => Target::Messages,
            (true, true) if is_message(request) => Target::Messages,
            (true, _) => Target::Stream,
        }
    }
}

/// Whether a request for the path of both services is a message. A `POST` without a session is a client that
/// tries Streamable HTTP: the stream's 405 makes it fall back.
fn is_message<B>(request: &Request<B>) -> bool {
    let session = || session_id(request.uri().query());
    request.method() == Method::POST && session() != Err(RejectionKind::SessionIdMissing)
}

fn without_last_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// What answers a request for the path that the transport shares with Streamable HTTP.
fn shared_target<B>(request: &Request<B>) -> Target {
    let headers = request.headers();
    if headers.contains_key("mcp-session-id") {
        return Target::Inner;
    }
    match *request.method() {
        // A client that resumes a stream sends the id of the last event. Events of this transport have no
        // id, so it is a client of the inner service.
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

    #[test]
    fn paths_are_compared_byte_by_byte() {
        for messages in ["/messages", "/messages/"] {
            let paths = paths("/sse", messages);
            for (path, target) in [
                ("/sse", Stream),
                ("/sse/", Stream),
                ("/messages", Messages),
                ("/messages/", Messages),
                ("/sse//", Inner),
                ("/SSE", Inner),
                ("//sse", Inner),
                ("/%73se", Inner),
                ("/x/../sse", Inner),
                ("/./sse", Inner),
                ("/sse%2f", Inner),
                ("/messages//", Inner),
                ("//messages/", Inner),
                ("/Messages/", Inner),
                ("/messages%2F", Inner),
                ("/messages/x", Inner),
                ("/messages/.", Inner),
                ("/", Inner),
                ("*", Inner),
            ] {
                let found = paths.target(&request("GET", path));
                assert_eq!(found, target, "{path:?} for {messages:?}");
            }
        }
        let get = |paths: Paths, path| paths.target(&request("GET", path));
        assert_eq!(get(paths("/größe", "/m"), "/gr%C3%B6%C3%9Fe"), Stream);
        assert_eq!(get(paths("/sse", "/"), "/"), Messages);
        assert_eq!(get(paths("/sse/", "/m"), "/sse"), Stream);
    }

    #[test]
    fn one_path_for_both_services_is_decided_by_the_method_and_the_session() {
        for (stream, messages) in [("/mcp", "/mcp"), ("/mcp", "/mcp/"), ("/mcp/", "/mcp")] {
            let paths = paths(stream, messages);
            for (method, target, answers) in [
                ("GET", "/mcp", Stream),
                ("GET", "/mcp/?session_id=7", Stream),
                ("HEAD", "/mcp", Stream),
                ("POST", OURS, Messages),
                ("POST", "/mcp/?session_id=7", Messages),
                ("POST", "/mcp?session_id", Messages),
                // A client that tries Streamable HTTP gets 405, and falls back.
                ("POST", "/mcp", Stream),
                ("POST", "/mcp?x=1", Stream),
                ("DELETE", OURS, Stream),
                ("OPTIONS", "/mcp", Stream),
                ("POST", "/mcp/x?session_id=7", Inner),
            ] {
                let found = paths.target(&request(method, target));
                assert_eq!(found, answers, "{method} {target}");
            }
        }
    }

    fn paths(stream: &str, messages: &str) -> Paths {
        let path = |path| Endpoint::new(path).unwrap();
        Paths::new(path(stream), path(messages))
    }

    fn request(method: &str, target: &str) -> Request<()> {
        let request = Request::builder().method(method).uri(target);
        request.body(()).unwrap()
    }

    #[test]
    fn only_the_shared_path_is_decided_by_request_with_and_without_the_last_slash() {
        let path = |path| Endpoint::new(path).unwrap();
        let get = |path: &str| Request::get(path).body(()).unwrap();
        let post = |path: &str| Request::post(path).body(()).unwrap();
        const ID: &str = "?session_id=0123456789abcdef0123456789abcdef";
        let one = Paths::new(path("/mcp"), path("/mcp")).shared();
        let two = Paths::new(path("/mcp/"), path("/messages/")).shared();
        for paths in [&one, &two] {
            for path in ["/mcp", "/mcp/"] {
                assert_eq!(paths.target(&get(path)), Stream);
                assert_eq!(paths.target(&post(path)), Inner);
                assert_eq!(paths.target(&post(&format!("{path}{ID}"))), Messages);
            }
            assert_eq!(paths.target(&get("/mcp/x")), Inner);
            assert_eq!(paths.target(&post(&format!("/{ID}"))), Inner);
        }
        assert_eq!(two.target(&post("/messages")), Messages);
        assert_eq!(one.target(&post("/messages")), Inner);
    }

    const OURS: &str = "/mcp?session_id=0123456789abcdef0123456789abcdef";

    #[test]
    fn the_headers_and_the_query_tell_old_clients_from_new_clients() {
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
            // The old client of the Java SDK, and the TypeScript SDK's client when it reconnects.
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
            assert_eq!(shared_target(&request), target, "{request:?}");
        }
    }
}
