//! What a `POST` is answered with, whatever is wrong with it, and that a refusal changes nothing.

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use mcp_sse_server::{
    SseServerTransport,
    rejection::RejectionKind::{self, *},
};

use crate::support::{HOST, Memory, Server, echo, ping};

const LIMIT: usize = 1000;
const PING: Payload = Payload::Sized(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
const JSON: &[&str] = &["application/json"];
const HERE: &str = "/messages/?session_id=ID";
const UNKNOWN: &str = "/messages/?session_id=0123456789abcdef0123456789abcdef";

/// A request; `ID` in its target stands for an open session's id, `I-D` for the same with hyphens.
struct Row {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    types: &'static [&'static str],
    payload: Payload,
    refusal: Option<RejectionKind>,
}

#[derive(Clone, Copy)]
enum Payload {
    /// With a `content-length`.
    Sized(&'static str),
    /// So many spaces, with a `content-length`.
    Spaces(usize),
    /// In chunks, with no length said.
    Chunks(&'static [&'static str]),
    /// Chunks of 100 spaces.
    SpaceChunks(usize),
}

impl Payload {
    fn chunks(self) -> Vec<Bytes> {
        match self {
            Self::Sized(text) => vec![text.into()],
            Self::Spaces(len) => vec![" ".repeat(len).into()],
            Self::Chunks(texts) => texts.iter().map(|&text| text.into()).collect(),
            Self::SpaceChunks(count) => vec![" ".repeat(100).into(); count],
        }
    }

    fn len(self) -> Option<usize> {
        match self {
            Self::Sized(text) => Some(text.len()),
            Self::Spaces(len) => Some(len),
            Self::Chunks(_) | Self::SpaceChunks(_) => None,
        }
    }
}

fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |name, method, target, types, payload, refusal| {
        rows.push(Row {
            name,
            method,
            target,
            types,
            payload,
            refusal,
        });
    };

    for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"] {
        row(method, method, HERE, JSON, PING, Some(MethodNotAllowed));
    }
    row("post", "post", HERE, JSON, PING, Some(MethodNotAllowed));

    for types in [
        &[] as &[_],
        &[""],
        &["text/plain"],
        &["application/jsonx"],
        &["application/json5"],
        &["application/vnd.api+json"],
        &["application/ json"],
        &["application/json, application/json"],
        &["json"],
        &[";application/json"],
        &["text/plain; application/json"],
        &["application/json", "application/json"],
        &["application/json", "text/plain"],
    ] {
        let name = types.last().copied().unwrap_or("no media type");
        row(name, "POST", HERE, types, PING, Some(InvalidContentType));
    }
    for types in [
        &["application/json"] as &[_],
        &["APPLICATION/JSON"],
        &["Application/Json;charset=utf-8"],
        &["application/json; charset=latin1; x=\"y\""],
        &["application/json ;"],
        &["application/json\t; a"],
    ] {
        row(types[0], "POST", HERE, types, PING, None);
    }

    for (name, target) in [
        ("no query", "/messages/"),
        ("empty query", "/messages/?"),
        ("other query", "/messages/?a=session_id"),
        ("other case", "/messages/?Session_Id=ID"),
        ("other name", "/messages/?sessionId=ID"),
        ("in the path", "/messages?/session_id=ID"),
    ] {
        row(name, "POST", target, JSON, PING, Some(SessionIdMissing));
    }
    for (name, target) in [
        ("no value", "/messages/?session_id"),
        ("empty value", "/messages/?session_id="),
        ("no UUID", "/messages/?session_id=x"),
        ("a digit too many", "/messages/?session_id=ID0"),
        ("a space behind", "/messages/?session_id=ID+"),
        ("line break behind", "/messages/?session_id=ID%0D%0A"),
        ("not UTF-8", "/messages/?session_id=%FF"),
        ("twice", "/messages/?session_id=ID&session_id=ID"),
        ("twice, escaped", "/messages/?session_id=ID&session%5Fid=ID"),
        ("twice, once empty", "/messages/?session_id&session_id=ID"),
    ] {
        row(name, "POST", target, JSON, PING, Some(SessionIdInvalid));
    }
    row(
        "unknown",
        "POST",
        UNKNOWN,
        JSON,
        PING,
        Some(SessionNotFound),
    );
    let nil = "/messages/?session_id=00000000-0000-0000-0000-000000000000";
    row("nil UUID", "POST", nil, JSON, PING, Some(SessionNotFound));
    for (name, target) in [
        ("no slash", "/messages?session_id=ID"),
        ("more in the query", "/messages/?a=1&session_id=ID&b=%FF"),
        ("an escaped name", "/messages/?session%5fid=ID"),
        ("hyphens", "/messages/?session_id=I-D"),
        ("braces", "/messages/?session_id=%7BI-D%7D"),
        ("URN", "/messages/?session_id=urn:uuid:I-D"),
    ] {
        row(name, "POST", target, JSON, PING, None);
    }

    use Payload::{Chunks, Sized, SpaceChunks, Spaces};
    for (name, payload, refusal) in [
        ("a byte too many", Spaces(LIMIT + 1), BodyTooLarge),
        ("far too many", Spaces(100 * LIMIT), BodyTooLarge),
        ("grows a bit too large", SpaceChunks(11), BodyTooLarge),
        ("grows far too large", SpaceChunks(1000), BodyTooLarge),
        ("just not too large", Spaces(LIMIT), InvalidMessage),
        ("grows to the limit", SpaceChunks(10), InvalidMessage),
        ("empty", Sized(""), InvalidMessage),
        ("no chunks", Chunks(&[]), InvalidMessage),
        (
            "half a message",
            Sized(r#"{"jsonrpc":"2.0","#),
            InvalidMessage,
        ),
        (
            "batch",
            Sized(r#"[{"jsonrpc":"2.0","method":"m"}]"#),
            InvalidMessage,
        ),
    ] {
        row(name, "POST", HERE, JSON, payload, Some(refusal));
    }
    let pieces = Chunks(&[
        "{\"jsonrpc\":",
        "\"2.0\",\"id\"",
        ":1,",
        "\"method\":\"ping\"}",
    ]);
    row("in pieces", "POST", HERE, JSON, pieces, None);

    // What is wrong in several ways is answered with the first of the checks.
    let text = &["text/plain"] as &[_];
    for (name, method, target, types, payload, refusal) in [
        (
            "all wrong",
            "PUT",
            UNKNOWN,
            text,
            Spaces(2000),
            MethodNotAllowed,
        ),
        (
            "type, then length",
            "POST",
            HERE,
            text,
            Spaces(2000),
            InvalidContentType,
        ),
        (
            "type, then id",
            "POST",
            "/messages/",
            text,
            PING,
            InvalidContentType,
        ),
        (
            "length, then missing id",
            "POST",
            "/messages/",
            JSON,
            Spaces(2000),
            BodyTooLarge,
        ),
        (
            "length, then wrong id",
            "POST",
            "/messages/?session_id=x",
            JSON,
            Spaces(2000),
            BodyTooLarge,
        ),
        (
            "length, then session",
            "POST",
            UNKNOWN,
            JSON,
            Spaces(2000),
            BodyTooLarge,
        ),
        (
            "missing id, then body",
            "POST",
            "/messages/",
            JSON,
            SpaceChunks(20),
            SessionIdMissing,
        ),
        (
            "wrong id, then body",
            "POST",
            "/messages/?session_id=x",
            JSON,
            SpaceChunks(20),
            SessionIdInvalid,
        ),
        (
            "session, then growing body",
            "POST",
            UNKNOWN,
            JSON,
            SpaceChunks(20),
            SessionNotFound,
        ),
        (
            "session, then message",
            "POST",
            UNKNOWN,
            JSON,
            Sized("{"),
            SessionNotFound,
        ),
    ] {
        row(name, method, target, types, payload, Some(refusal));
    }
    rows
}

/// Status, text, `allow` and `retry-after` of each refusal, as the contract has them.
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
        Some(other) => panic!("no row of this table: {other:?}"),
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
        assert_eq!(answer.body(), text, "{name}");
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
    let memory = Memory::new(&transport);
    let (uri, mut events) = memory.open().await;
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
