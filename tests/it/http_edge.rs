//! Unusual and malformed HTTP.

use mcp_sse_server::{MountPath, SseServerTransport};
use mcp_sse_testkit::{
    HOST,
    events::Events,
    handlers::echo,
    messages::ping,
    server::Server,
    wire::{self, Wire},
};

async fn server() -> Server {
    Server::spawn(&SseServerTransport::new("/messages/", echo).unwrap()).await
}

#[tokio::test]
async fn an_http_1_0_client_gets_its_stream_unchunked_until_the_connection_closes() {
    let server = server().await;
    let mut wire = server.connect().await;
    wire.send(format!("GET /sse HTTP/1.0\r\nhost: {HOST}\r\n\r\n"))
        .await;
    let (head, body) = wire.into_stream().await;
    assert_eq!(head.status(), 200);
    assert_eq!(
        head.headers()["content-type"],
        "text/event-stream; charset=utf-8"
    );
    assert!(!head.headers().contains_key("transfer-encoding"));
    assert!(!head.headers().contains_key("content-length"));
    let mut events = Events::new(body);
    let uri = events.endpoint().await;

    let text = ping(1);
    let mut wire = server.connect().await;
    wire.send(format!(
        "POST {uri} HTTP/1.0\r\nhost: {HOST}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    ))
    .await;
    let answer = wire.answer().await;
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_str()),
        (202, "Accepted")
    );
    assert_eq!(events.echoed().await, text);

    let id = uri.split_once('=').unwrap().1.parse().unwrap();
    assert!(server.sessions.close(&id));
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn pipelined_posts_are_answered_and_delivered_in_order() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    let mut wire = server.connect().await;
    let bad = wire::post("/messages/?session_id=x", ping(0));
    let all: Vec<_> = (0..40)
        .map(|id| wire::post(&uri, ping(id)))
        .chain([bad])
        .chain([wire::post(&uri, ping(40))])
        .collect();
    wire.send(all.concat()).await;
    for id in 0..40 {
        assert_eq!(wire.answer().await.status(), 202, "{id}");
    }
    assert_eq!(wire.answer().await.body(), "Invalid session ID");
    assert_eq!(wire.answer().await.status(), 202);
    for id in 0..=40 {
        assert_eq!(events.echoed().await, ping(id));
    }
}

#[tokio::test]
async fn both_spellings_of_the_path_are_served_without_a_redirect() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    let mut wire = server.connect().await;
    for (at, uri) in [uri.clone(), uri.replace("/?", "?")].iter().enumerate() {
        wire.send(wire::post(uri, ping(at))).await;
        assert_eq!(wire.answer().await.status(), 202, "{uri}");
        assert_eq!(events.echoed().await, ping(at), "{uri}");
    }
}

#[tokio::test]
async fn a_message_sent_byte_by_byte_is_delivered() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    let text = r#"{"jsonrpc":"2.0","id":"ü","method":"ping","params":{"😀":[1]}}"#;
    let mut wire = server.connect().await;
    for byte in wire::post(&uri, text) {
        wire.send([byte]).await;
    }
    assert_eq!(wire.answer().await.status(), 202);
    assert_eq!(events.echoed().await, text);
}

/// The announced URI, which must be one line, split after the session's id.
async fn announced(server: &Server, target: &[u8]) -> Option<(String, Events<wire::WireBody>)> {
    let name = target.escape_ascii();
    let mut wire = server.connect().await;
    wire.send([b"GET ", target, b" HTTP/1.1\r\nhost: localhost\r\n\r\n"].concat())
        .await;
    let (head, body) = wire.into_stream().await;
    if head.status() != 200 {
        // hyper refuses a text that is not a request.
        assert_eq!(head.status(), 400, "{name}");
        return None;
    }
    let mut events = Events::new(body);
    let uri = events.endpoint().await;
    assert!(
        uri.is_ascii() && !uri.contains(char::is_whitespace),
        "{name}: {uri}"
    );
    Some((uri, events))
}

#[tokio::test]
async fn a_query_cannot_split_the_endpoint_event() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let weird = MountPath::new("/a b\u{2028}\u{a0}%0d%0aevent: message\\..").unwrap();
    let server = Server::spawn(&transport.carry_query(true).mount_path(weird)).await;
    let path = "/a%20b%E2%80%A8%C2%A0%250d%250aevent:%20message%5C../messages/";
    for (target, carried) in [
        (b"/sse" as &[u8], Some("")),
        (b"/sse?", Some("")),
        (b"/sse?a=1&b=%20", Some("&a=1&b=%20")),
        (
            b"/sse?a=%0d%0aevent:%20endpoint%0d%0adata:%20//evil",
            Some("&a=%0d%0aevent:%20endpoint%0d%0adata:%20//evil"),
        ),
        (b"/sse?%0A%0Adata:x", Some("&%0A%0Adata:x")),
        (b"/sse?a=%E2%80%A8%C2%85", Some("&a=%E2%80%A8%C2%85")),
        (b"/sse?a=`{}|^[]\\", Some("&a=%60%7B%7D%7C%5E%5B%5D%5C")),
        (
            b"/sse?session_id=0123456789abcdef0123456789abcdef&a",
            Some("&a"),
        ),
        (b"/sse?session%5Fid=x&a", Some("&a")),
        (b"/sse?a=\xc3\xbc", Some("&a=%C3%BC")),
        (b"/sse?a=\xe2\x80\xa8b", Some("&a=%E2%80%A8b")),
        (b"/sse?a=\rb", None),
        (b"/sse?a=\nevent: endpoint", None),
        (b"/sse?a=\r\ndata: x", None),
        (b"/sse?a=\0", None),
        (b"/sse?a=\tb", None),
    ] {
        let name = target.escape_ascii();
        let Some((uri, mut events)) = announced(&server, target).await else {
            assert_eq!(carried, None, "{name}");
            continue;
        };
        let (found, query) = uri.split_once("?session_id=").unwrap();
        assert_eq!(found, path, "{name}");
        assert_eq!(Some(&query[32..]), carried, "{name}");

        // A POST to the announced URI works, after the prefix is removed.
        let uri = format!("/messages/?session_id={query}");
        assert_eq!(server.post(&uri, ping(1)).await.status(), 202, "{name}");
        assert_eq!(events.echoed().await, ping(1), "{name}");
    }
}

#[tokio::test]
async fn the_query_of_the_get_is_not_announced_by_default() {
    let server = server().await;
    let (uri, _events) = announced(&server, b"/sse?token=secret").await.unwrap();
    assert!(!uri.contains("token"), "{uri}");
}

#[tokio::test]
async fn a_session_id_with_line_breaks_is_refused_and_not_quoted() {
    let server = server().await;
    let (uri, _events) = server.open("/sse").await;
    for end in ["%0d%0ax-evil:%201", "%0A", "%00", "%20", "%E2%80%A8"] {
        let mut wire = server.connect().await;
        wire.send(wire::post(&format!("{uri}{end}"), ping(1))).await;
        let head = wire.head_text().await;
        assert!(head.starts_with("HTTP/1.1 400 "), "{end}: {head}");
        assert!(!head.contains("x-evil"), "{end}: {head}");
    }
}

#[tokio::test]
async fn malformed_requests_do_not_affect_sessions() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    let head = format!("POST {uri} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n");
    let text = ping(9);
    let len = text.len();
    for (name, request) in [
        ("no HTTP", "hello\r\n\r\n".to_owned()),
        (
            "two lengths",
            format!("{head}content-length: {len}\r\ncontent-length: 5\r\n\r\n{text}"),
        ),
        (
            "a negative length",
            format!("{head}content-length: -1\r\n\r\n{text}"),
        ),
        (
            "a length that is not a number",
            format!("{head}content-length: x\r\n\r\n{text}"),
        ),
        (
            "a chunk without a size",
            format!("{head}transfer-encoding: chunked\r\n\r\nx\r\n{text}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk too short",
            format!("{head}transfer-encoding: chunked\r\n\r\n5\r\n{text}\r\n0\r\n\r\n"),
        ),
        (
            "an unknown coding",
            format!("{head}transfer-encoding: rot13\r\n\r\n{text}"),
        ),
        (
            "a header without a name",
            format!("{head}: x\r\ncontent-length: {len}\r\n\r\n{text}"),
        ),
        (
            "a line break in the target",
            format!("POST {uri}\r\n HTTP/1.1\r\nhost: x\r\n\r\n{text}"),
        ),
    ] {
        let mut wire = server.connect().await;
        wire.send(request).await;
        wire.finish().await;
        let rest = wire.rest().await;
        assert!(
            rest.is_empty() || rest.starts_with("HTTP/1.1 400 "),
            "{name}: {rest}"
        );
        assert_eq!(server.post(&uri, ping(1)).await.status(), 202, "{name}");
        assert_eq!(events.echoed().await, ping(1), "{name}");
    }
}

#[tokio::test]
async fn a_body_without_a_length_header_is_empty() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    let mut wire: Wire = server.connect().await;
    wire.send(format!(
        "POST {uri} HTTP/1.1\r\nhost: {HOST}\r\ncontent-type: application/json\r\n\r\n"
    ))
    .await;
    let answer = wire.answer().await;
    let text = answer.body();
    assert!(text.starts_with("Could not parse message: "), "{text}");
    wire.send(wire::post(&uri, ping(1))).await;
    assert_eq!(wire.answer().await.status(), 202);
    assert_eq!(events.echoed().await, ping(1));
}
