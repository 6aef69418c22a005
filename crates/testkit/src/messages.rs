//! JSON-RPC messages and events, as texts.

use bytes::Bytes;
use mcp_sse_server::{Message, session::CloseReason};

/// A request with this id.
pub fn ping(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)
}

/// A request of `len` bytes, if that is enough for its envelope.
pub fn sized(id: usize, len: usize) -> String {
    let request = |fill: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"echo","params":{{"x":"{fill}"}}}}"#)
    };
    request(&"x".repeat(len.saturating_sub(request("").len())))
}

/// The response of `len` bytes to the request with the id 1. Its clones share them.
pub fn answer(len: usize) -> Message {
    let response = |fill: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"x":"{fill}"}}}}"#);
    let text = response(&"x".repeat(len.saturating_sub(response("").len())));
    Message::parse(text).expect("a response")
}

/// A request of `len` bytes whose clones share them.
pub fn with_len(len: usize) -> Bytes {
    sized(1, len).into()
}

/// A request with `levels` arrays inside one another.
pub fn deep(levels: usize) -> Bytes {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"echo","params":{{"x":{open}{close}}}}}"#).into()
}

/// A request of `count` lines, as a printer of JSON writes them.
pub fn lines(count: usize) -> Bytes {
    let items =
        vec!["    \"a line of about sixty-four bytes, as they are in such texts\""; count - 4];
    let items = items.join(",\n");
    format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\n\"params\":{{\"x\":[\n{items}\n]}}\n}}").into()
}

/// The response to a request with this id.
pub fn response(id: impl std::fmt::Display) -> Message {
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
    Message::parse(text).expect("a response")
}

/// The error for a request that the server did not answer before it ended the session.
pub fn unanswered(id: usize, reason: CloseReason) -> String {
    let reason = match reason {
        CloseReason::HandlerReturned => "ended the session",
        CloseReason::HandlerFailed => "failed and ended the session",
        CloseReason::HandlerPanicked => "panicked",
        CloseReason::Closed => "closed the session",
        CloseReason::Shutdown => "shut down",
        CloseReason::Idle => "closed the session, which was idle,",
        other => panic!("no client is told of {other}"),
    };
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"the server {reason} before it answered this request"}}}}"#
    )
}

/// The event that carries a message of one line.
pub fn event(text: &str) -> String {
    format!("event: message\ndata: {text}\n\n")
}
