//! Texts that are not JSON-RPC 2.0 messages of MCP, with the rule that refuses each of them.

use mcp_sse_server::{
    Message, SseServerTransport,
    message::InvalidMessageKind::{self as Kind, *},
};
use mcp_sse_testkit::{handlers::echo, messages::ping, server::Server, wire};

#[rustfmt::skip]
const TEXTS: &[(&[u8], Kind)] = &[
    // Not UTF-8.
    (b"\xff", Encoding),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}", Encoding),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"\xc3\":1}}", Encoding),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"\xed\xa0\x80\"}", Encoding),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"\xc0\xaf\"}", Encoding),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\xfe", Encoding),
    (b"\xff\xfe{\0}\0", Encoding),

    // Not JSON.
    (b"", Syntax),
    (b" \t\r\n", Syntax),
    (b"\0", Syntax),
    (b"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", Syntax),
    (b" \xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\xef\xbb\xbf", Syntax),
    (b"\xc2\xa0{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", Syntax),
    (b"{\0\"jsonrpc\":\"2.0\",\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\0", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"a\0b\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"a\nb\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":\"\t\"}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"\x1f\":1}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\x0c\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}{}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\n{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"},", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"}]", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"} x", Syntax),
    (b"{", Syntax),
    (b"{}}", Syntax),
    (b"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\\", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",}", Syntax),
    (b"{,\"jsonrpc\":\"2.0\",\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\" \"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\"=\"2.0\",\"method\":\"m\"}", Syntax),
    (b"{'jsonrpc':'2.0','method':'m'}", Syntax),
    (b"{jsonrpc:\"2.0\",method:\"m\"}", Syntax),
    (b"{1:\"2.0\"}", Syntax),
    (b"/* c */{\"jsonrpc\":\"2.0\",\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\"} // c", Syntax),
    (b"{\"jsonrpc\":\"2.0\",/* c */\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"id\":NaN,\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":NaN}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":Infinity}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":-Infinity}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"id\":01,\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"id\":-01,\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"id\":+1,\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"id\":-,\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"id\":0x1,\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"id\":1_000,\"method\":\"m\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":1.}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":.5}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":1e}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":00}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":True}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":undefined}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":nul}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"\\x41\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"\\u12\"}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":\"\\u+123\"}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":[1,]}}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"a\":[}]}", Syntax),
    (b"{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"x\":{\"a\"}}", Syntax),
    (b"hello", Syntax),
    (b"session_id=1", Syntax),
    (b"tru", Syntax),
    (b"\"", Syntax),
    (b"-", Syntax),

    // A lone surrogate.
    (br#"{"jsonrpc":"2.0","method":"\ud83d"}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","method":"\ude00"}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","method":"\ude00\ud83d"}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","id":"\uD800","method":"m"}"#, LoneSurrogate),
    (br#"{"jsonrpc":"\ud800","method":"m"}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","method":"m","params":{"a":"\ud83d\u0041"}}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","method":"m","params":{"a":["x",{"b":"\udfff"}]}}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","method":"m","params":{"\ud83d":1}}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","id":1,"result":{"a":"\ud83d\n"}}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"\ud83d"}}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","\ud83d":1}}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","method":"m","x":"\udead"}"#, LoneSurrogate),
    (br#"{"jsonrpc":"2.0","method":"m","\udead":1}"#, LoneSurrogate),

    // Not an object.
    (b"[]", Batch),
    (br#"[{"jsonrpc":"2.0","id":1,"method":"m"}]"#, Batch),
    (br#" [{"jsonrpc":"2.0","id":1,"method":"m"},{"jsonrpc":"2.0","method":"m"}]"#, Batch),
    (b"[", Batch),
    (b"null", NotAnObject),
    (b"true", NotAnObject),
    (b"1", NotAnObject),
    (b"-1.5e3", NotAnObject),
    (b"\"2.0\"", NotAnObject),
    (br#""{\"jsonrpc\":\"2.0\",\"method\":\"m\"}""#, NotAnObject),

    // A member given twice.
    (br#"{"jsonrpc":"2.0","jsonrpc":"2.0","method":"m"}"#, Duplicate),
    (br#"{"jsonrpc":"1.0","method":"m","jsonrpc":"2.0"}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","id":1,"id":1,"method":"m"}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","id":1,"\u0069d":2,"method":"m"}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","\u0069\u0064":1,"id":2,"method":"m"}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","id":null,"id":2,"method":"m"}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","method":"a","method":"b"}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","method":"a","m\u0065thod":"b"}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","method":"m","params":{},"params":{}}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","method":"m","params":{},"params":null}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","id":1,"result":{},"result":{}}"#, Duplicate),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""},"error":null}"#, Duplicate),

    // `jsonrpc`.
    (b"{}", Jsonrpc),
    (br#"{"id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"JSONRPC":"2.0","id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":"2","id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":"2.0 ","id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":"","id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":2.0,"id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":null,"id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":["2.0"],"id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":{},"id":1,"method":"m"}"#, Jsonrpc),
    (br#"{"jsonrpc":true,"id":1,"method":"m"}"#, Jsonrpc),

    // `method`, `result`, `error`: exactly one.
    (br#"{"jsonrpc":"2.0"}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"params":{}}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"Method":"m"}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","result":{}}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","result":null}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","error":{"code":1,"message":""}}"#, Shape),
    (br#"{"jsonrpc":"2.0","method":"m","error":null}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"result":{},"error":null}"#, Shape),
    (br#"{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":""}}"#, Shape),

    // `id`.
    (br#"{"jsonrpc":"2.0","id":null,"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":1.0,"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":1e3,"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":-0.0,"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":true,"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":false,"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":[],"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","id":{"id":1},"method":"m"}"#, Id),
    (br#"{"jsonrpc":"2.0","result":{}}"#, Id),
    (br#"{"jsonrpc":"2.0","id":null,"result":{}}"#, Id),
    (br#"{"jsonrpc":"2.0","id":1.5,"result":{}}"#, Id),
    (br#"{"jsonrpc":"2.0","id":true,"result":{}}"#, Id),
    (br#"{"jsonrpc":"2.0","id":[],"result":{}}"#, Id),
    (br#"{"jsonrpc":"2.0","error":{"code":1,"message":""}}"#, Id),
    (br#"{"jsonrpc":"2.0","id":1.5,"error":{"code":1,"message":""}}"#, Id),
    (br#"{"jsonrpc":"2.0","id":false,"error":{"code":1,"message":""}}"#, Id),
    (br#"{"jsonrpc":"2.0","id":{},"error":{"code":1,"message":""}}"#, Id),

    // `method`.
    (br#"{"jsonrpc":"2.0","id":1,"method":null}"#, Method),
    (br#"{"jsonrpc":"2.0","id":1,"method":1}"#, Method),
    (br#"{"jsonrpc":"2.0","id":1,"method":true}"#, Method),
    (br#"{"jsonrpc":"2.0","id":1,"method":["m"]}"#, Method),
    (br#"{"jsonrpc":"2.0","id":1,"method":{}}"#, Method),
    (br#"{"jsonrpc":"2.0","method":null}"#, Method),

    // `params`.
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","params":[]}"#, Params),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","params":[{}]}"#, Params),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","params":"{}"}"#, Params),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","params":0}"#, Params),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","params":1.5}"#, Params),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","params":true}"#, Params),
    (br#"{"jsonrpc":"2.0","id":1,"method":"m","params":false}"#, Params),
    (br#"{"jsonrpc":"2.0","method":"m","params":[]}"#, Params),
    (br#"{"jsonrpc":"2.0","method":"m","params":""}"#, Params),

    // `result`.
    (br#"{"jsonrpc":"2.0","id":1,"result":null}"#, Result),
    (br#"{"jsonrpc":"2.0","id":1,"result":[]}"#, Result),
    (br#"{"jsonrpc":"2.0","id":1,"result":"ok"}"#, Result),
    (br#"{"jsonrpc":"2.0","id":1,"result":1}"#, Result),
    (br#"{"jsonrpc":"2.0","id":1,"result":true}"#, Result),

    // `error`.
    (br#"{"jsonrpc":"2.0","id":1,"error":null}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":"broken"}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":-32600}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":[]}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1.0,"message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1e2,"message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":null,"message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":[1],"message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":null}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":5}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":{}}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"code":1,"message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"c\u006fde":2,"message":""}}"#, Error),
    (br#"{"jsonrpc":"2.0","id":null,"error":{"code":true,"message":""}}"#, Error),

    // Several broken rules: the error names the first.
    (b"[\xff]", Encoding),
    (br#"{"id":1,"id":1"#, Syntax),
    (br#"{"id":1,"id":1,"method":"\ud800"}"#, Duplicate),
    (br#"{"jsonrpc":"1.0","method":"\ud800"}"#, LoneSurrogate),
    (br#"{"jsonrpc":"1.0","id":null}"#, Jsonrpc),
    (br#"{"jsonrpc":"2.0","id":null,"params":[]}"#, Shape),
];

/// Deep nesting that is never closed: of arrays, of objects, and of both in turn.
fn unclosed() -> [String; 4] {
    let open = |deep: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","method":"m","params":{{"a":{}"#,
            deep.repeat(10_000)
        )
    };
    let mut closed_wrong = open("[");
    closed_wrong += &"}".repeat(10_002);
    [open("["), open(r#"{"a":"#), open(r#"[{"a":"#), closed_wrong]
}

fn texts() -> Vec<(Vec<u8>, Kind)> {
    let mut texts: Vec<_> = TEXTS
        .iter()
        .map(|(text, kind)| (text.to_vec(), *kind))
        .collect();
    texts.extend(unclosed().map(|text| (text.into_bytes(), Syntax)));
    texts
}

/// The name of a row: its text, or the start of a long text.
fn name(text: &[u8]) -> String {
    let shown = &text[..text.len().min(200)];
    shown.escape_ascii().to_string()
}

#[test]
fn each_text_is_refused_with_the_broken_rule_in_one_short_line() {
    for (text, kind) in texts() {
        let name = name(&text);
        let error = match Message::parse(text.clone()) {
            Ok(message) => panic!("{name} is taken for {message:?}"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), kind, "{name}: {error}");
        if let Some(offset) = error.offset() {
            assert!(offset <= text.len(), "{name}: {error}");
        }
        let words = error.to_string();
        assert!(!words.is_empty() && words.len() < 160, "{name}: {words}");
        assert!(!words.contains(char::is_control), "{name}: {words:?}");
    }
}

#[tokio::test]
async fn a_session_still_works_after_each_refused_text() {
    let server = Server::spawn(&SseServerTransport::new("/messages/", echo).unwrap()).await;
    let (uri, mut events) = server.open("/sse").await;
    let mut wire = server.connect().await;
    for (at, (text, _)) in texts().iter().enumerate() {
        let name = name(text);
        // All on one connection: a refusal does not close it.
        wire.send(wire::post(&uri, text)).await;
        let answer = wire.answer().await;
        assert_eq!(answer.status(), 400, "{name}");
        let error = Message::parse(text.clone()).unwrap_err();
        let expected = format!("Could not parse message: {error}");
        assert_eq!(answer.body(), &expected, "{name}");
        wire.send(wire::post(&uri, ping(at))).await;
        assert_eq!(wire.answer().await.status(), 202, "after {name}");
        assert_eq!(events.echoed().await, ping(at), "after {name}");
    }
    assert_eq!(server.sessions.len(), 1);
}
