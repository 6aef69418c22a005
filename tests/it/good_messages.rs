//! JSON-RPC 2.0 messages of MCP, which must arrive byte for byte.

use mcp_sse_server::{
    Message, SseServerTransport,
    message::{
        MessageKind::{self, *},
        RequestId::{self, Integer, String as Text},
    },
};
use mcp_sse_testkit::{handlers::echo, polled, server::Server};

type Row = (
    &'static str,
    MessageKind,
    Option<RequestId<'static>>,
    Option<&'static str>,
);

#[rustfmt::skip]
const TEXTS: &[Row] = &[
    (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Request, Some(Integer("1")), Some("ping")),
    (r#"{"jsonrpc":"2.0","method":"m"}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Response, Some(Integer("1")), None),
    (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"no"}}"#, Error, Some(Integer("1")), None),
    (r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}}"#, Error, None, None),

    // Ids.
    (r#"{"jsonrpc":"2.0","id":0,"method":"m"}"#, Request, Some(Integer("0")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":-0,"method":"m"}"#, Request, Some(Integer("-0")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":-1,"method":"m"}"#, Request, Some(Integer("-1")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":9007199254740993,"method":"m"}"#, Request, Some(Integer("9007199254740993")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"m"}"#, Request, Some(Integer("18446744073709551615")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":18446744073709551616,"method":"m"}"#, Request, Some(Integer("18446744073709551616")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":-123456789012345678901234567890,"result":{}}"#, Response, Some(Integer("-123456789012345678901234567890")), None),
    (r#"{"jsonrpc":"2.0","id":"1","method":"m"}"#, Request, Some(Text("1")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":"","method":"m"}"#, Request, Some(Text("")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":"null","method":"m"}"#, Request, Some(Text("null")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":"a\"b\\c\/d\n\u0000","method":"m"}"#, Request, Some(Text("a\"b\\c/d\n\0")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":"\ud83d\ude00","method":"m"}"#, Request, Some(Text("😀")), Some("m")),
    ("{\"jsonrpc\":\"2.0\",\"id\":\"😀 ü\u{2028}\u{2029}\u{85}\u{feff}\u{7f}\",\"method\":\"m\"}", Request, Some(Text("😀 ü\u{2028}\u{2029}\u{85}\u{feff}\u{7f}")), Some("m")),
    (r#"{"jsonrpc":"2.0","id":"x","error":{"code":0,"message":"","data":[1]}}"#, Error, Some(Text("x")), None),

    // Names and values with escapes.
    (r#"{"jsonrpc":"\u0032.0","\u0069d":7,"m\u0065thod":"\u0070ing"}"#, Request, Some(Integer("7")), Some("ping")),
    (r#"{"jsonrpc":"2.0","method":""}"#, Notification, None, Some("")),
    (r#"{"jsonrpc":"2.0","method":"tools\/call"}"#, Notification, None, Some("tools/call")),
    ("{\"jsonrpc\":\"2.0\",\"method\":\"日本\u{10ffff}\"}", Notification, None, Some("日本\u{10ffff}")),
    (r#"{"jsonrpc":"2.0","id":1,"error":{"c\u006fde":1,"m\u0065ssage":"\u0000"}}"#, Error, Some(Integer("1")), None),

    // `params`.
    (r#"{"jsonrpc":"2.0","id":1,"method":"m","params":null}"#, Request, Some(Integer("1")), Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":null}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"a":1,"a":2,"\u0061":3}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"id":1,"id":2,"jsonrpc":"1.0","result":[]}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"n":12345678901234567890123456789012345678901234567890}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"n":[1e400,-1E+400,1e-400,0.1e1,-0,-0.0,1.0,1.10]}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"n":3.14159265358979323846264338327950288}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"":{"":[[],{},null,true,false,""]}}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"s":"\u0041\/\b\f\n\r\t\"\\ \ud83d\ude00 <\u2028>"}}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"s":"\\ud800 \\u","t":"event: x\\ndata: y"}}"#, Notification, None, Some("m")),
    ("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\"\u{2028}\":\"\u{85}\u{7f}\u{feff}\u{fffe}\u{fffd}é é\"}}", Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","params":{"b":1,"a":{"z":1,"y":2},"B":3}}"#, Notification, None, Some("m")),

    // Order, space and line breaks.
    (r#"{"params":{"x":1},"method":"m","id":5,"jsonrpc":"2.0"}"#, Request, Some(Integer("5")), Some("m")),
    (r#"{"result":{"a":[]},"id":"b","jsonrpc":"2.0"}"#, Response, Some(Text("b")), None),
    ("  {\"jsonrpc\" : \"2.0\" ,\t\"method\" :\"m\" }\t ", Notification, None, Some("m")),
    ("\n{\n\"jsonrpc\":\"2.0\",\n\"id\":\n1\n,\"method\":\"m\"\n}\n\n", Request, Some(Integer("1")), Some("m")),
    ("\r\n{\r\n\"jsonrpc\":\"2.0\",\r\n\"id\":1,\r\n\"method\":\"m\"}\r\n", Request, Some(Integer("1")), Some("m")),
    ("{\r\"jsonrpc\":\"2.0\",\r\r\n\n\r\"method\":\"m\"\r}\r", Notification, None, Some("m")),
    ("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"params\":{\n\n  \"a\": [\r\n1,\r2]\n}}", Notification, None, Some("m")),

    // Unknown members.
    (r#"{"jsonrpc":"2.0","id":1,"method":"m","x":[1e999],"x":null,"ID":2,"Method":3}"#, Request, Some(Integer("1")), Some("m")),
    (r#"{"jsonrpc":"2.0","method":"m","":0,"code":1,"message":2,"session_id":"x"}"#, Notification, None, Some("m")),
    (r#"{"jsonrpc":"2.0","id":1,"result":{},"params":[1]}"#, Response, Some(Integer("1")), None),
    (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"","x":1,"x":2,"data":null}}"#, Error, Some(Integer("1")), None),
    (r#"{"jsonrpc":"2.0","id":1,"error":{"code":123456789012345678901234567890,"message":""}}"#, Error, Some(Integer("1")), None),
    (r#"{"jsonrpc":"2.0","id":1,"error":{"code":-0,"message":"a\nb"},"params":"x"}"#, Error, Some(Integer("1")), None),
];

/// Nested so deeply that a recursive reader would overflow its stack.
fn deep() -> [String; 4] {
    let wrap = |open: &str, inner: &str, close: &str| {
        let (open, close) = (open.repeat(10_000), close.repeat(10_000));
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":{open}{inner}{close}}}}}"#)
    };
    [
        wrap("[", "", "]"),
        wrap(r#"{"a":"#, "1", "}"),
        wrap("[\n{\"a\":", "\"\"", "}\r\n]"),
        // Deep nesting in a member that is ignored.
        wrap("[", "", "]").replace("\"params\"", "\"x\""),
    ]
}

fn texts() -> Vec<(String, Row)> {
    let row = |row: &Row| (row.0.to_owned(), *row);
    let mut texts: Vec<_> = TEXTS.iter().map(row).collect();
    let is = ("deep", Request, Some(Integer("1")), Some("m"));
    texts.extend(deep().map(|text| (text, is)));
    texts
}

#[test]
fn each_message_is_read_correctly_and_its_text_is_kept() {
    for (text, (name, kind, id, method)) in texts() {
        let message = match Message::parse(text.clone()) {
            Ok(message) => message,
            Err(error) => panic!("{name}: {error}"),
        };
        assert_eq!(message.kind(), kind, "{name}");
        assert_eq!(message.id(), id, "{name}");
        assert_eq!(message.method(), method, "{name}");
        assert!(message.as_str() == text, "{name}");
        assert!(message.into_bytes() == text, "{name}");
    }
}

#[tokio::test]
async fn each_message_reaches_the_handler_byte_for_byte() {
    let memory = polled::Server::of(&SseServerTransport::new("/messages/", echo).unwrap());
    let (uri, mut events) = memory.open().into_events();
    for (text, (name, ..)) in texts() {
        let answer = memory.post(&uri, text.clone()).await;
        assert_eq!(answer.status(), 202, "{name}: {}", answer.body());
        assert!(events.echoed().await == text, "{name}");
    }
}

#[tokio::test]
async fn each_message_reaches_the_client_in_one_line_and_otherwise_unchanged() {
    // The handler sends the message back, not an echo of it: the text must not change.
    let transport = SseServerTransport::new(
        "/messages/",
        |mut session: mcp_sse_server::Session| async move {
            while let Some(incoming) = session.recv().await {
                session.send(incoming.message).await.unwrap();
            }
        },
    );
    let server = Server::spawn(&transport.unwrap()).await;
    let (uri, mut events) = server.open("/sse").await;
    for (text, (name, ..)) in texts() {
        assert_eq!(server.post(&uri, &text).await.status(), 202, "{name}");
        let event = events.next().await.expect(name);
        assert_eq!(event.name, "message", "{name}");
        let line = text.replace("\r\n", " ").replace(['\r', '\n'], " ");
        let line = line.replace('\u{85}', r"\u0085");
        let line = line.replace('\u{2028}', r"\u2028");
        let line = line.replace('\u{2029}', r"\u2029");
        assert!(event.data == line, "{name}: {:?}", event.data.get(..200));
        assert!(Message::parse(event.data).is_ok(), "{name}");
    }
}
