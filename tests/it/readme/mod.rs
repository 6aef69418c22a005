//! The server without an SDK that the README shows. `.ci/readme` runs it as a newcomer would.

use mcp_sse_server::{Message, Session, message::ErrorCode};
use serde_json::{Value, json};

#[allow(dead_code, reason = "only a part of it runs here")]
mod calculator {
    include!("calculator.rs");

    pub(super) async fn serve(session: Session) -> Result<(), SendError> {
        handle(session).await
    }
}

#[test]
fn the_readme_shows_the_server() {
    let code = include_str!("calculator.rs");
    let shown = format!("```rust,no_run\n{code}```\n");
    assert!(include_str!("../../../README.md").contains(&shown));
}

#[tokio::test]
async fn the_server_answers_each_request_and_nothing_else() {
    let (session, mut client) = Session::pair();
    let served = tokio::spawn(calculator::serve(session));
    let note = Message::notification("notifications/initialized", &()).unwrap();
    client.post(note).await.unwrap();
    let mut ask = async |method: &str, params: Value| {
        let request = Message::request(1, method, &params).unwrap();
        client.post(request).await.unwrap();
        client.next().await.expect("an answer")
    };
    let hello = ask("initialize", json!({})).await;
    let hello: Value = hello.as_response().unwrap().result().unwrap();
    assert_eq!(hello["protocolVersion"], "2024-11-05");
    let tools = ask("tools/list", json!({})).await;
    let tools: Value = tools.as_response().unwrap().result().unwrap();
    assert_eq!(tools["tools"][0]["name"], "add");
    let add = json!({ "name": "add", "arguments": { "a": 2, "b": 3 } });
    let sum = ask("tools/call", add).await;
    let sum: Value = sum.as_response().unwrap().result().unwrap();
    assert_eq!(sum["content"][0], json!({ "type": "text", "text": "5" }));
    for (method, params, code) in [
        (
            "tools/call",
            json!({ "name": "add" }),
            ErrorCode::INVALID_PARAMS,
        ),
        ("resources/list", json!({}), ErrorCode::METHOD_NOT_FOUND),
    ] {
        let error = ask(method, params).await;
        assert_eq!(error.as_error().unwrap().code(), code, "{method}");
    }
    drop(client);
    assert!(served.await.unwrap().is_ok());
}
