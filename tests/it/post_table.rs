//! The answer to each kind of `POST`. A refusal must not change the session.

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use mcp_sse_server::{
    SseServerTransport,
    response::RejectionKind::{self, *},
};
use mcp_sse_testkit::{HOST, handlers::echo, messages::ping, polled, server::Server};

use crate::post_rows::{LIMIT, Payload, Row, rows};

/// Status, text and `allow` of each answer, as documented.
fn contract(refusal: Option<RejectionKind>) -> (u16, &'static str, Option<&'static str>) {
    match refusal {
        None => (202, "Accepted", None),
        Some(MethodNotAllowed) => (405, "Method Not Allowed", Some("POST")),
        Some(InvalidContentType) => (400, "Invalid Content-Type header", None),
        Some(BodyTooLarge) => (413, "Request body too large", None),
        Some(SessionIdMissing) => (400, "session_id is required", None),
        Some(SessionIdInvalid) => (400, "Invalid session ID", None),
        Some(SessionNotFound) => (404, "Could not find session", None),
        Some(InvalidMessage) => (400, "Could not parse message", None),
        Some(other) => panic!("not in this table: {other:?}"),
    }
}

fn check(row: &Row, answer: &Response<String>, body: bool) {
    let name = row.name;
    let (status, text, allow) = contract(row.refusal);
    let header = |header| {
        let values = answer.headers().get_all(header).iter();
        values
            .map(|value| value.to_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(answer.status(), status, "{name}: {}", answer.body());
    if body {
        let rest = answer.body().strip_prefix(text);
        // Some refusals say more after a colon.
        let is_text = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(": "));
        assert!(is_text, "{name}: {}", answer.body());
    }
    assert_eq!(
        header("content-type"),
        ["text/plain; charset=utf-8"],
        "{name}"
    );
    assert_eq!(header("allow"), Vec::from_iter(allow), "{name}");
    assert_eq!(header("retry-after"), [""; 0], "{name}");
}

#[tokio::test]
async fn each_request_is_answered_as_the_contract_says_and_leaves_the_session_working() {
    let transport = SseServerTransport::new("/messages/", echo)
        .unwrap()
        .body_limit(LIMIT);
    let memory = polled::Server::of(&transport);
    let (uri, mut events) = memory.open().into_events();
    let id = uri.split_once('=').unwrap().1;
    for (at, row) in rows().iter().enumerate() {
        let name = row.name;
        let mut request = Request::builder()
            .method(row.method)
            .uri(target(row, id))
            .header("host", HOST);
        for value in row.types {
            request = request.header("content-type", *value);
        }
        if let Some(len) = row.payload.len() {
            request = request.header("content-length", len);
        }
        let answer = memory.call(request.body(body(row.payload)).unwrap()).await;
        check(row, &answer, true);
        assert_eq!(
            answer.extensions().get::<RejectionKind>().copied(),
            row.refusal,
            "{name}"
        );
        if row.refusal.is_none() {
            assert_eq!(events.echoed().await, ping(1), "{name}");
        }

        let after = memory.post(&uri, ping(at)).await;
        assert_eq!(after.status(), 202, "after {name}");
        assert_eq!(events.echoed().await, ping(at), "after {name}");
    }
    assert_eq!(memory.sessions.len(), 1);
}

fn target(row: &Row, id: &str) -> String {
    let (a, b, c, d, e) = (&id[..8], &id[8..12], &id[12..16], &id[16..20], &id[20..]);
    let hyphens = format!("{a}-{b}-{c}-{d}-{e}");
    row.target.replace("I-D", &hyphens).replace("ID", id)
}

fn body(payload: Payload) -> UnsyncBoxBody<Bytes, std::convert::Infallible> {
    match payload.len() {
        Some(_) => Full::new(payload.chunks().concat().into()).boxed_unsync(),
        None => {
            let frames = payload
                .chunks()
                .into_iter()
                .map(|chunk| Ok(Frame::data(chunk)));
            StreamBody::new(stream::iter(frames)).boxed_unsync()
        }
    }
}

#[tokio::test]
async fn each_request_is_answered_over_the_wire_and_leaves_the_session_working() {
    let transport = SseServerTransport::new("/messages/", echo)
        .unwrap()
        .body_limit(LIMIT);
    let server = Server::spawn(&transport).await;
    let (uri, mut events) = server.open("/sse").await;
    let id = uri.split_once('=').unwrap().1;
    for (at, row) in rows().iter().enumerate() {
        let name = row.name;
        let mut wire = server.connect().await;
        wire.send(request_text(row, id)).await;
        let head_only = row.method == "HEAD";
        let answer = match head_only {
            true => wire.head().await,
            false => wire.answer().await,
        };
        check(row, &answer, !head_only);
        if row.refusal.is_none() {
            assert_eq!(events.echoed().await, ping(1), "{name}");
        }

        let after = server.post(&uri, ping(at)).await;
        assert_eq!(after.status(), 202, "after {name}");
        assert_eq!(events.echoed().await, ping(at), "after {name}");
    }
    assert_eq!(server.sessions.len(), 1);
}

fn request_text(row: &Row, id: &str) -> Vec<u8> {
    let target = target(row, id);
    let mut head = format!("{} {target} HTTP/1.1\r\nhost: {HOST}\r\n", row.method);
    for value in row.types {
        head += &format!("content-type: {value}\r\n");
    }
    let chunks = row.payload.chunks();
    if let Some(len) = row.payload.len() {
        head += &format!("content-length: {len}\r\n\r\n");
        return [head.as_bytes(), &chunks.concat()].concat();
    }
    let mut text = (head + "transfer-encoding: chunked\r\n\r\n").into_bytes();
    for chunk in chunks {
        text.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        text.extend_from_slice(&chunk);
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"0\r\n\r\n");
    text
}
