//! Requests of the server to the client during a tool call.

use serde_json::json;

use crate::{
    client::{Mcp, text_of},
    everything,
};

#[tokio::test]
async fn a_tool_asks_the_model() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let id = client
        .ask_tool("ask_model", json!({"question": "Why?"}))
        .await;
    let content = json!({"type": "text", "text": "Because."});
    let answer = json!({"role": "assistant", "content": content, "model": "a model"});
    let asked = client.reply("sampling/createMessage", answer).await;
    assert_eq!(asked["params"]["messages"][0]["content"]["text"], "Why?");
    assert_eq!(text_of(&client.answer(id).await), "Because.");
}

#[tokio::test]
async fn a_tool_asks_the_user() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    for (answer, text) in [
        (
            json!({"action": "accept", "content": {"name": "Ada"}}),
            "Hello, Ada",
        ),
        (json!({"action": "decline"}), "the client did not answer"),
    ] {
        let id = client.ask_tool("ask_name", json!({})).await;
        let asked = client.reply("elicitation/create", answer).await;
        assert_eq!(asked["params"]["message"], "Who are you?");
        let answer = client.answer(id).await;
        let said = answer["error"]["message"].as_str();
        let said = said.map_or_else(|| text_of(&answer), str::to_owned);
        assert!(said.contains(text), "{said}");
    }
}

#[tokio::test]
async fn two_tools_ask_for_the_roots_while_others_are_answered() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let first = client.ask_tool("ask_roots", json!({})).await;
    let asked_first = client.next().await;
    let second = client.ask_tool("ask_roots", json!({})).await;
    let asked_second = client.next().await;
    assert_eq!(asked_first["method"], "roots/list");
    assert_ne!(asked_first["id"], asked_second["id"]);
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await, "3");

    // Answered in reverse order.
    for (tool, asked, uri) in [
        (second, asked_second, "file:///b"),
        (first, asked_first, "file:///a"),
    ] {
        let result = json!({"roots": [{"uri": uri}]});
        client
            .send(json!({"id": asked["id"], "result": result}))
            .await;
        assert_eq!(text_of(&client.answer(tool).await), uri);
    }
}

#[tokio::test]
async fn a_client_that_refuses_ends_the_tool_and_no_more() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let id = client.ask_tool("ask_roots", json!({})).await;
    let asked = client.next().await;
    let error = json!({"code": -32601, "message": "no roots here"});
    client
        .send(json!({"id": asked["id"], "error": error}))
        .await;
    let answer = client.answer(id).await;
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(said.contains("no roots here"), "{said}");
    assert_eq!(client.call("add", json!({"a": 1, "b": 2})).await, "3");
}
