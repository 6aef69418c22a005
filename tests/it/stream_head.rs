//! The first bytes of a stream, and requests that open none.

use std::time::Duration;

use http::{Request, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use mcp_sse_server::{SseServerTransport, response::RejectionKind, session::SessionId};
use mcp_sse_testkit::{
    HOST, bodies::Fed, events::Events, handlers::echo, messages::ping, polled, server::Server,
};
use tokio::time::advance;
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Service, ServiceExt};

/// The lines of the head, sorted, without the date.
fn head_lines(head: &str) -> Vec<&str> {
    let mut lines: Vec<_> = head.split("\r\n").collect();
    lines.retain(|line| !line.starts_with("date: "));
    lines[1..].sort_unstable();
    lines
}

#[tokio::test]
async fn a_stream_begins_with_exactly_these_bytes() {
    let server = Server::spawn(&SseServerTransport::new("/messages/", echo).unwrap()).await;
    let mut wire = server.connect().await;
    wire.send(format!("GET /sse HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
        .await;
    let head = wire.head_text().await;
    assert_eq!(
        head_lines(&head),
        [
            "HTTP/1.1 200 OK",
            "cache-control: no-store, no-transform",
            "content-type: text/event-stream; charset=utf-8",
            "transfer-encoding: chunked",
            "x-accel-buffering: no",
        ]
    );
    // The first event is in one chunk.
    wire.expect(b"4E\r\nevent: endpoint\ndata: /messages/?session_id=")
        .await;
    let id = String::from_utf8(wire.exactly(32).await).unwrap();
    assert!(
        id.bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')),
        "{id}"
    );
    wire.expect(b"\n\n\r\n").await;

    // The next bytes are those of the answer, with nothing before them.
    let posted = server
        .post(&format!("/messages/?session_id={id}"), ping(1))
        .await;
    assert_eq!(posted.status(), 202);
    let answer = format!(
        "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{{\"text\":{:?}}}}}\n\n",
        ping(1)
    );
    wire.expect(format!("{:X}\r\n{answer}\r\n", answer.len()).as_bytes())
        .await;

    let id: SessionId = id.parse().unwrap();
    assert!(server.sessions.close(&id));
    wire.expect(b"0\r\n\r\n").await;
}

#[tokio::test]
async fn the_stream_has_no_size_hint_and_no_early_end() {
    let memory = polled::Server::of(&SseServerTransport::new("/messages/", echo).unwrap());
    let response = memory.get();
    assert_eq!(response.status(), 200);
    let mut names: Vec<_> = response
        .headers()
        .keys()
        .map(|name| name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["cache-control", "content-type", "x-accel-buffering"]
    );
    assert!(!response.body().is_end_stream());
    assert_eq!(response.body().size_hint().exact(), None);
}

#[tokio::test]
async fn other_methods_on_the_streams_path_are_refused_and_open_no_session() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let server = Server::spawn(&transport).await;
    let memory = polled::Server::of(&transport);
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "get"] {
        let mut wire = server.connect().await;
        let initialize = ping(1);
        let len = initialize.len();
        wire.send(format!(
            "{method} /sse HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\ncontent-length: {len}\r\n\r\n{initialize}"
        ))
        .await;
        let answer = wire.answer().await;
        assert_eq!(answer.status(), 405, "{method}");
        assert_eq!(answer.headers()["allow"], "GET, HEAD", "{method}");
        assert_eq!(
            answer.headers()["content-type"],
            "text/plain; charset=utf-8",
            "{method}"
        );
        assert_eq!(answer.body(), "Method Not Allowed\n", "{method}");

        let request = Request::builder()
            .method(method)
            .uri("/sse")
            .header("host", HOST);
        let answer = memory
            .sse
            .clone()
            .oneshot(request.body(String::new()).unwrap())
            .await
            .unwrap();
        let kind = answer.extensions().get();
        assert_eq!(kind, Some(&RejectionKind::MethodNotAllowed), "{method}");
        let exact = answer.body().size_hint().exact();
        assert_eq!(exact, Some("Method Not Allowed\n".len() as u64), "{method}");
        assert!(server.sessions.is_empty(), "{method}");
    }
}

#[tokio::test]
async fn head_gets_the_head_of_a_get_and_opens_no_session() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let server = Server::spawn(&transport).await;
    let mut heads = Vec::new();
    for method in ["HEAD", "GET"] {
        let mut wire = server.connect().await;
        wire.send(format!("{method} /sse HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
            .await;
        heads.push(wire.head().await);
        if method == "HEAD" {
            assert!(server.sessions.is_empty());
        }
    }
    let [head, get] = &mut heads[..] else {
        unreachable!("two requests")
    };
    assert_eq!(
        (head.status(), get.status()),
        (StatusCode::OK, StatusCode::OK)
    );
    for headers in [head.headers_mut(), get.headers_mut()] {
        headers.remove("date");
        // What frames a body: a response to HEAD has none.
        headers.remove("transfer-encoding");
        headers.remove("content-length");
    }
    assert_eq!(head.headers(), get.headers());

    let mut wire = server.connect().await;
    wire.send("HEAD /sse HTTP/1.1\r\nhost: evil.example\r\n\r\n")
        .await;
    assert_eq!(wire.head().await.status(), 421);
}

#[tokio::test]
async fn a_server_that_shuts_down_opens_no_stream() {
    let memory = polled::Server::of(&SseServerTransport::new("/messages/", echo).unwrap());
    assert_eq!(memory.sessions.shutdown().await, 0);
    let answer = memory.get();
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["retry-after"], "1");
    assert_eq!(
        answer.extensions().get(),
        Some(&RejectionKind::ShuttingDown)
    );
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text, "Server is shutting down\n");
    assert!(memory.sessions.is_empty());
}

#[tokio::test]
async fn other_headers_and_a_body_of_the_get_are_ignored() {
    let server = Server::spawn(&SseServerTransport::new("/messages/", echo).unwrap()).await;
    for (name, head) in [
        ("no accept", ""),
        ("accepts JSON only", "accept: application/json\r\n"),
        ("resumes", "last-event-id: 7\r\n"),
        ("a body", "content-length: 3\r\n\r\nabc"),
        ("a session id", "mcp-session-id: x\r\n"),
    ] {
        let mut wire = server.connect().await;
        let end = if head.contains("\r\n\r\n") {
            ""
        } else {
            "\r\n"
        };
        wire.send(format!(
            "GET /sse?x HTTP/1.1\r\nhost: {HOST}\r\n{head}{end}"
        ))
        .await;
        let (head, body) = wire.into_stream().await;
        assert_eq!(head.status(), 200, "{name}");
        let mut events = Events::new(body);
        let uri = events.endpoint().await;
        assert_eq!(server.post(&uri, ping(1)).await.status(), 202, "{name}");
        assert_eq!(events.echoed().await, ping(1), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_body_is_read_for_a_bounded_time() {
    let mut sse = polled::Server::new(echo).sse.clone();
    let body = Fed::declaring(100);
    let post = Request::post("/sse").header("host", HOST);
    let mut answer = task::spawn(sse.call(post.body(body.clone()).unwrap()));
    assert_pending!(answer.poll());
    advance(Duration::from_millis(400)).await;
    body.piece("a part");
    assert_pending!(answer.poll());
    advance(Duration::from_millis(400)).await;
    assert_pending!(answer.poll(), "it makes progress");
    advance(Duration::from_millis(101)).await;
    assert_eq!(assert_ready_ok!(answer.poll()).status(), 405);

    // This client sends its body only if it is asked to.
    let expects = Request::post("/sse")
        .header("host", HOST)
        .header("expect", "100-continue");
    let mut answer = task::spawn(sse.call(expects.body(Fed::declaring(100)).unwrap()));
    assert_eq!(assert_ready_ok!(answer.poll()).status(), 405);

    // A body that belongs to a stream is not read.
    let get = Request::get("/sse").header("host", HOST);
    let body = Fed::declaring(100);
    let mut answer = task::spawn(sse.call(get.body(body.clone()).unwrap()));
    assert_eq!(assert_ready_ok!(answer.poll()).status(), 200);
    assert!(!body.is_awaited());
}
