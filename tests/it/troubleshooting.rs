//! The page on troubleshooting: each status and text is what the server really answers.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use mcp_sse_server::{
    Handler, SseServerTransport, TransportSecurity,
    endpoint::NodeName,
    relay::{Relay, RelayError, RelayFuture},
};
use mcp_sse_testkit::{
    bodies::Fed,
    handlers::silent,
    messages::ping,
    polled::{Server, text_of},
    requests,
};
use tokio_test::{assert_pending, task};
use tower::ServiceExt;

/// The rows of the page's first table: status and text.
fn rows() -> Vec<(&'static str, &'static str)> {
    let page = include_str!("../../src/guide/troubleshooting.md");
    let (_, table) = page.split_once("# Answers\n").unwrap();
    let (table, _) = table.split_once("\n# Streams").unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| "));
    let cells = rows.map(|row| row.split(" | ").collect::<Vec<_>>());
    let cells = cells.skip(1).map(|cells| (cells[0], cells[1]));
    cells
        .map(|(status, text)| (status.trim_start_matches("| "), text))
        .collect()
}

struct Lost(RelayError);

impl Relay for Lost {
    fn forward<'a>(&'a self, _: &'a NodeName, _: Bytes) -> RelayFuture<'a> {
        let Self(error) = *self;
        Box::pin(async move { Err(error) })
    }
}

type Transport<H> = SseServerTransport<H>;

/// A server whose bounds are small, and which waits for nothing.
fn server() -> Server<impl Handler> {
    Server::with(silent, small)
}

fn small<H: Handler>(transport: Transport<H>) -> Transport<H> {
    transport
        .keep_alive(None)
        .delivery_timeout(Duration::ZERO)
        .in_flight_bytes(1_000)
        .body_limit(1_000)
        .queue_messages(1)
        .max_sessions(2)
}

async fn relayed(error: RelayError) -> Response<String> {
    let node = |transport: Transport<_>| transport.node("a1").unwrap().relay(Lost(error));
    let server = Server::with(silent, node);
    let uri = "/messages/?session_id=0123456789abcdef0123456789abcdef&node=b2";
    server.post(uri, ping(1)).await
}

/// The answer with this text.
async fn answer(text: &str) -> Response<String> {
    let server = server();
    let stream = server.open();
    let mut post = requests::post_text(&stream.uri, ping(1));
    let head = post.headers_mut();
    let value = |text: &str| text.parse().unwrap();
    match text {
        "Invalid Content-Type header" => drop(head.insert("content-type", value("text/plain"))),
        "Unsupported content encoding" => drop(head.insert("content-encoding", value("gzip"))),
        "Invalid Host header" => drop(head.insert("host", value("mcp.example.com"))),
        "Invalid Origin header" => drop(head.insert("origin", value("https://evil.example"))),
        "session_id is required" => *post.uri_mut() = value_uri("/messages/"),
        "Invalid session ID" => *post.uri_mut() = value_uri("/messages/?session_id=x"),
        "Could not parse message" => post = requests::post_text(&stream.uri, "[]"),
        "Could not find session" => drop(stream),
        "Request body too large" => post = requests::post_text(&stream.uri, "x".repeat(1_001)),
        "Could not read request body" => {
            let body = Fed::default();
            body.cut();
            return server.call(requests::post(&stream.uri, body)).await;
        }
        "Session is busy" => server.post_now(&stream.uri, ping(0)),
        "Session is busy: 4096 of its requests" => return with_open_requests().await,
        "Server is busy" => {
            let slow = Fed::default();
            let held = server
                .post
                .clone()
                .oneshot(requests::post(&stream.uri, slow.clone()));
            let mut held = task::spawn(held);
            slow.piece(&" ".repeat(999));
            assert_pending!(held.poll());
            return server.post(&server.open().uri, ping(1)).await;
        }
        "Session's node did not answer, it may have the message" => {
            return relayed(RelayError::NoAnswer).await;
        }
        "Session's node cannot be reached" => {
            return relayed(RelayError::Unavailable("it is down")).await;
        }
        "Request too large for the relay" => {
            let (len, limit, setting) = (2, 1, "a setting");
            return relayed(RelayError::TooLarge {
                len,
                limit,
                setting,
            })
            .await;
        }
        of_a_get => return answer_to_get(&server, of_a_get).await,
    }
    server.call(post).await
}

fn value_uri(uri: &str) -> http::Uri {
    uri.parse().unwrap()
}

async fn with_open_requests() -> Response<String> {
    let reads =
        async |mut session: mcp_sse_server::Session| while session.recv().await.is_some() {};
    let server = Server::new(reads);
    let mut stream = server.open();
    for id in 0..4096 {
        server.post_now(&stream.uri, ping(id));
        assert_eq!(stream.poll(), None);
    }
    server.post(&stream.uri, ping(4096)).await
}

async fn answer_to_get(server: &Server<impl Handler>, text: &str) -> Response<String> {
    let mut get: Request<()> = requests::get();
    let mut more = Vec::new();
    match text {
        "Method Not Allowed" => *get.method_mut() = Method::POST,
        "Not Found: this transport was closed" => drop(server.sessions.close_all()),
        "Request head too large" => {
            let cookie = "x".repeat(65 << 10).parse().unwrap();
            get.headers_mut().insert("cookie", cookie);
        }
        "Too many sessions" => more.push(server.open()),
        "Server is shutting down" => assert!(
            task::spawn(server.sessions.shutdown().into_future())
                .poll()
                .is_pending()
        ),
        _ => panic!("the page has an answer without a test: {text}"),
    }
    text_of(server.ask(get)).await
}

#[tokio::test(start_paused = true)]
async fn each_answer_of_the_page_is_an_answer_of_the_server() {
    let rows = rows();
    let (ours, others): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|(_, text)| text.contains('`'));
    assert_eq!(
        others,
        [
            ("401", "yours"),
            ("404", "your framework's"),
            ("413", "another text")
        ]
    );
    assert!(ours.len() > 18, "{ours:#?}");
    for (status, text) in ours {
        let text = text.split('`').nth(1).unwrap();
        let answer = answer(text).await;
        assert_eq!(
            answer.status().as_str(),
            status,
            "{text}: {}",
            answer.body()
        );
        assert!(answer.body().starts_with(text), "{text}: {}", answer.body());
    }
}

#[tokio::test]
async fn the_answer_that_the_page_shows_is_the_servers() {
    let page = include_str!("../../src/guide/troubleshooting.md");
    let server = Server::with(silent, |transport| transport.keep_alive(None));
    let get = Request::get("/sse").header("host", "mcp.example.com:8000");
    let answer = text_of(server.ask(get.body(()).unwrap())).await;
    let (head, body) = answer.into_parts();
    let content_type = head.headers["content-type"].to_str().unwrap();
    let shown = format!(
        "HTTP/1.1 {}\ncontent-type: {content_type}\n\n{body}",
        head.status
    );
    assert!(page.contains(shown.trim_end()), "{shown}");
    // The call that the text names allows the request.
    let security = TransportSecurity::default()
        .allow_host("mcp.example.com:8000")
        .unwrap();
    let server = Server::with(silent, |transport| {
        transport.keep_alive(None).security(security)
    });
    let get = Request::get("/sse").header("host", "mcp.example.com:8000");
    assert_eq!(server.ask(get.body(()).unwrap()).status(), 200);
}
