use http::Request;

use crate::endpoint::Endpoint;

use super::shared;

/// Which requests are the transport's.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    stream: Endpoint,
    messages: Endpoint,
    /// Whether the inner service answers at the stream's path, too.
    shared: bool,
}

/// For whom a request is.
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
            true => shared::target(request),
            false => self.target_of(path),
        }
    }

    fn target_of(&self, path: &str) -> Target {
        if path == self.stream.as_str() {
            return Target::Stream;
        }
        match without_last_slash(path) == without_last_slash(self.messages.as_str()) {
            true => Target::Messages,
            false => Target::Inner,
        }
    }
}

fn without_last_slash(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{Target::*, *};

    #[test]
    fn paths_are_compared_as_they_stand() {
        let paths = |stream, messages| {
            Paths::new(
                Endpoint::new(stream).unwrap(),
                Endpoint::new(messages).unwrap(),
            )
        };
        for messages in ["/messages", "/messages/"] {
            let paths = paths("/sse", messages);
            for (path, target) in [
                ("/sse", Stream),
                ("/messages", Messages),
                ("/messages/", Messages),
                ("/sse/", Inner),
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
                ("", Inner),
                ("*", Inner),
            ] {
                assert_eq!(paths.target_of(path), target, "{path:?} for {messages:?}");
            }
        }
        assert_eq!(paths("/größe", "/m").target_of("/gr%C3%B6%C3%9Fe"), Stream);
        assert_eq!(paths("/sse", "/").target_of("/"), Messages);
        // One path for both: the stream's method decides in its service.
        assert_eq!(paths("/mcp", "/mcp").target_of("/mcp"), Stream);
    }

    #[test]
    fn a_shared_path_is_sorted_in_both_spellings_and_no_other_is() {
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
}
