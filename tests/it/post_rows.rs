//! The requests for the test of the table of `POST`s.

use bytes::Bytes;
use mcp_sse_server::response::RejectionKind::{self, *};

/// The body limit.
pub(super) const LIMIT: usize = 1000;
const PING: Payload = Payload::Sized(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
const JSON: &[&str] = &["application/json"];
const HERE: &str = "/messages/?session_id=ID";
const UNKNOWN: &str = "/messages/?session_id=0123456789abcdef0123456789abcdef";

/// A request. In its target, `ID` stands for the id of an open session, and `I-D` for this id with hyphens.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    pub(super) target: &'static str,
    pub(super) types: &'static [&'static str],
    pub(super) payload: Payload,
    pub(super) refusal: Option<RejectionKind>,
}

#[derive(Clone, Copy)]
pub(super) enum Payload {
    /// With a `content-length`.
    Sized(&'static str),
    /// This many spaces, with a `content-length`.
    Spaces(usize),
    /// In chunks, without a declared length.
    Chunks(&'static [&'static str]),
    /// This many chunks of 100 spaces.
    SpaceChunks(usize),
}

impl Payload {
    pub(super) fn chunks(self) -> Vec<Bytes> {
        match self {
            Self::Sized(text) => vec![text.into()],
            Self::Spaces(len) => vec![" ".repeat(len).into()],
            Self::Chunks(texts) => texts.iter().map(|&text| text.into()).collect(),
            Self::SpaceChunks(count) => vec![" ".repeat(100).into(); count],
        }
    }

    pub(super) fn len(self) -> Option<usize> {
        match self {
            Self::Sized(text) => Some(text.len()),
            Self::Spaces(len) => Some(len),
            Self::Chunks(_) | Self::SpaceChunks(_) => None,
        }
    }
}

#[rustfmt::skip]
pub(super) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = |name, method, target, types, payload, refusal| {
        rows.push(Row { name, method, target, types, payload, refusal });
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
    row("unknown", "POST", UNKNOWN, JSON, PING, Some(SessionNotFound));
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
        ("half a message", Sized(r#"{"jsonrpc":"2.0","#), InvalidMessage),
        ("batch", Sized(r#"[{"jsonrpc":"2.0","method":"m"}]"#), InvalidMessage),
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

    // If several checks fail, the first decides the answer.
    let text = &["text/plain"] as &[_];
    for (name, method, target, types, payload, refusal) in [
        ("all wrong", "PUT", UNKNOWN, text, Spaces(2000), MethodNotAllowed),
        ("type, then length", "POST", HERE, text, Spaces(2000), InvalidContentType),
        ("type, then id", "POST", "/messages/", text, PING, InvalidContentType),
        ("length, then missing id", "POST", "/messages/", JSON, Spaces(2000), BodyTooLarge),
        ("length, then wrong id", "POST", "/messages/?session_id=x", JSON, Spaces(2000), BodyTooLarge),
        ("length, then session", "POST", UNKNOWN, JSON, Spaces(2000), BodyTooLarge),
        ("missing id, then body", "POST", "/messages/", JSON, SpaceChunks(20), SessionIdMissing),
        ("wrong id, then body", "POST", "/messages/?session_id=x", JSON, SpaceChunks(20), SessionIdInvalid),
        ("session, then growing body", "POST", UNKNOWN, JSON, SpaceChunks(20), SessionNotFound),
        ("session, then message", "POST", UNKNOWN, JSON, Sized("{"), SessionNotFound),
    ] {
        row(name, method, target, types, payload, Some(refusal));
    }
    rows
}
