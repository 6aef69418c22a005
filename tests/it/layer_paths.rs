//! Paths that are similar to the transport's paths, over TCP: the inner service answers each of them.

use std::convert::Infallible;

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::{
    HOST, client::Body, events::Events, handlers::echo, messages::ping, server::Server, wire,
};
use tower::{Layer, service_fn};

/// Answers 404 with the path of the request, unchanged.
async fn not_found(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let text = format!("inner: {}", request.uri().path());
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

async fn server() -> Server {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let app = transport
        .layer("/sse")
        .unwrap()
        .layer(service_fn(not_found));
    Server::serve(app, transport.sessions()).await
}

/// Paths that are not the transport's, in groups that some servers and proxies treat as equal.
const NOT_OURS: &[&str] = &[
    // case
    "/SSE",
    "/Sse",
    "/MESSAGES/",
    "/Messages",
    // slashes
    "//sse",
    "/sse//",
    "///sse",
    "//messages/",
    "/messages//",
    "/messages/sse",
    // escapes
    "/%73se",
    "/sse%2f",
    "/sse%2F",
    "/%2fsse",
    "/%2Fsse",
    "/messages%2F",
    "/messages%2f",
    "/%6dessages/",
    "/sse%00",
    "/sse%20",
    "/sse%3f",
    "/sse;v=1",
    // dot segments
    "/./sse",
    "/sse/.",
    "/x/../sse",
    "/sse/..",
    "/../sse",
    "/%2e/sse",
    "/x/%2e%2e/sse",
    "/messages/.",
    "/messages/../messages/",
    "/./messages/",
    "/messages/x/..",
    // neighbours
    "/ss",
    "/sse1",
    "/api/sse",
    "/message",
    "/messages1",
    "/messages/x",
    "/",
];

#[tokio::test]
async fn a_path_similar_to_the_streams_path_opens_no_session() {
    let server = server().await;
    let mut wire = server.connect().await;
    for path in NOT_OURS {
        for target in [path.to_string(), format!("{path}?x=/sse")] {
            wire.send(format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
                .await;
            let answer = wire.answer().await;
            assert_eq!(answer.status(), 404, "{target}");
            assert_eq!(*answer.body(), format!("inner: {path}"), "{target}");
        }
    }
    assert!(server.sessions.is_empty());
}

#[tokio::test]
async fn the_streams_path_is_served_with_and_without_its_last_slash() {
    let server = server().await;
    for path in ["/sse", "/sse/", "/sse/?x=1"] {
        let (uri, mut events) = server.open(path).await;
        assert_eq!(server.post(&uri, ping(1)).await.status(), 202, "{path}");
        assert_eq!(events.echoed().await, ping(1), "{path}");
    }
}

#[tokio::test]
async fn a_path_similar_to_the_messages_path_delivers_nothing() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    let (_, query) = uri.split_once('?').unwrap();
    let mut wire = server.connect().await;
    for path in NOT_OURS {
        wire.send(wire::post(&format!("{path}?{query}"), ping(1)))
            .await;
        let answer = wire.answer().await;
        assert_eq!(answer.status(), 404, "{path}");
        assert_eq!(*answer.body(), format!("inner: {path}"));
    }
    wire.send(wire::post(&uri, ping(2))).await;
    assert_eq!(wire.answer().await.status(), 202);
    assert_eq!(
        events.echoed().await,
        ping(2),
        "no other message came before"
    );
}

#[tokio::test]
async fn targets_in_other_forms_are_matched_by_their_path() {
    let server = server().await;
    // The absolute form, which clients send to a proxy.
    let mut wire = server.connect().await;
    wire.send(format!(
        "GET http://{HOST}/sse?x=1 HTTP/1.1\r\nhost: {HOST}\r\n\r\n"
    ))
    .await;
    let (head, body) = wire.into_stream().await;
    assert_eq!(head.status(), 200);
    let uri = Events::new(body).endpoint().await;
    assert!(uri.starts_with("/messages/?session_id="), "{uri}");

    let mut wire = server.connect().await;
    for (request, path) in [
        ("OPTIONS *", "*"),
        ("GET http://localhost", "/"),
        ("GET http://localhost//sse", "//sse"),
        ("GET http://localhost/x/../sse", "/x/../sse"),
    ] {
        wire.send(format!("{request} HTTP/1.1\r\nhost: {HOST}\r\n\r\n"))
            .await;
        let answer = wire.answer().await;
        assert_eq!(answer.status(), 404, "{request}");
        assert_eq!(*answer.body(), format!("inner: {path}"), "{request}");
    }
}
