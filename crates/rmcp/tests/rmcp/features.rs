//! Requests of a client: tools, prompts, resources, completion, logging.

use mcp_sse_testkit::wire::{self, Wire};
use serde_json::{Value, json};

use crate::{
    client::{Mcp, text_of},
    everything,
};

fn names(list: &Value, of: &str) -> Vec<String> {
    let list = list["result"][of].as_array().unwrap();
    let name = |item: &Value| item["name"].as_str().unwrap().to_owned();
    list.iter().map(name).collect()
}

#[tokio::test]
async fn a_session_begins_and_tools_are_called() {
    let server = everything().await;
    let mut client = Mcp::open(&server).await;
    let began = client.initialize().await;
    assert_eq!(began["result"]["serverInfo"]["name"], "everything");
    assert_eq!(began["result"]["protocolVersion"], "2025-06-18");

    let tools = names(&client.request("tools/list", json!({})).await, "tools");
    assert!(tools.contains(&"add".to_owned()) && tools.contains(&"ask_roots".to_owned()));
    assert_eq!(client.call("add", json!({"a": 2, "b": 0.5})).await, "2.5");
    let text = "a line\nanother \u{2028} \"quoted\" 😀";
    assert_eq!(client.call("echo", json!({"text": text})).await, text);
    assert_eq!(client.request("ping", json!({})).await["result"], json!({}));
}

#[tokio::test]
async fn a_tool_sees_the_request_that_called_it() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let text = json!({
        "jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"name": "user_agent"},
    });
    let request = String::from_utf8(wire::post(&client.uri, text.to_string())).unwrap();
    let request = request.replacen("\r\n", "\r\nuser-agent: a test\r\n", 1);
    let mut wire = Wire::connect(server.address).await;
    wire.send(request).await;
    assert_eq!(wire.answer().await.status(), 202);
    let answer = client.next().await;
    assert_eq!(
        (text_of(&answer).as_str(), &answer["id"]),
        ("a test", &json!("a"))
    );
}

#[tokio::test]
async fn progress_comes_before_the_answer_and_in_order() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let params = json!({
        "name": "count", "arguments": {"to": 3}, "_meta": {"progressToken": "token"},
    });
    let id = client.ask("tools/call", params).await;
    for number in 1..=3 {
        let progress = client.next().await;
        assert_eq!(progress["method"], "notifications/progress");
        assert_eq!(progress["params"]["progressToken"], "token");
        assert_eq!(
            progress["params"]["progress"].as_f64(),
            Some(f64::from(number))
        );
    }
    assert_eq!(text_of(&client.answer(id).await), "counted to 3");
}

#[tokio::test]
async fn log_lines_come_from_the_level_that_was_set() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let set = client
        .request("logging/setLevel", json!({"level": "warning"}))
        .await;
    assert_eq!(set["result"], json!({}));
    let id = client.ask_tool("log", json!({"text": "a line"})).await;
    for level in ["warning", "error"] {
        let line = client.next().await;
        assert_eq!(line["method"], "notifications/message");
        assert_eq!(line["params"], json!({"level": level, "data": "a line"}));
    }
    assert_eq!(text_of(&client.answer(id).await), "logged");
}

#[tokio::test]
async fn resources_are_listed_in_pages_read_and_watched() {
    let server = everything().await;
    let (mut reader, mut writer) = (Mcp::connect(&server).await, Mcp::connect(&server).await);
    for number in 1..=6 {
        let uri = writer
            .call("note", json!({"text": format!("note {number}")}))
            .await;
        assert_eq!(uri, format!("note://{number}"));
    }

    let (mut pages, mut cursor) = (Vec::new(), json!({}));
    loop {
        let page = reader.request("resources/list", cursor).await;
        pages.push(names(&page, "resources").len());
        match &page["result"]["nextCursor"] {
            Value::Null => break,
            next => cursor = json!({"cursor": next}),
        }
    }
    assert_eq!(pages, [3, 3, 1]);
    let wrong = reader
        .request("resources/list", json!({"cursor": "x"}))
        .await;
    assert_eq!(wrong["error"]["code"], -32602);

    let third = reader
        .request("resources/read", json!({"uri": "note://3"}))
        .await;
    assert_eq!(third["result"]["contents"][0]["text"], "note 3");
    let none = reader
        .request("resources/read", json!({"uri": "note://7"}))
        .await;
    assert!(none["error"]["code"].is_i64(), "{none}");

    let last = json!({"uri": "note://last"});
    reader.request("resources/subscribe", last.clone()).await;
    writer.call("note", json!({"text": "seen"})).await;
    let update = reader.next().await;
    assert_eq!(update["method"], "notifications/resources/updated");
    assert_eq!(update["params"], last);
    let read = reader.request("resources/read", last.clone()).await;
    assert_eq!(read["result"]["contents"][0]["text"], "seen");

    reader.request("resources/unsubscribe", last).await;
    writer.call("note", json!({"text": "unseen"})).await;
    // The response comes next, so there was no update before it.
    reader.request("ping", json!({})).await;
}

#[tokio::test]
async fn prompts_are_listed_filled_in_and_completed() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let prompts = client.request("prompts/list", json!({})).await;
    assert_eq!(names(&prompts, "prompts"), ["greet"]);
    let arguments = json!({"name": "Ada", "language": "French"});
    let prompt = json!({"name": "greet", "arguments": arguments});
    let prompt = client.request("prompts/get", prompt).await;
    let text = &prompt["result"]["messages"][0]["content"]["text"];
    assert_eq!(text, "Please greet Ada in French.");

    let typed = json!({
        "ref": {"type": "ref/prompt", "name": "greet"},
        "argument": {"name": "language", "value": "Fr"},
    });
    let completed = client.request("completion/complete", typed).await;
    let values = &completed["result"]["completion"]["values"];
    assert_eq!(*values, json!(["French", "Frisian"]));
}

#[tokio::test]
async fn a_request_that_is_cancelled_ends_and_is_not_answered() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    client
        .request("resources/subscribe", json!({"uri": "note://last"}))
        .await;
    let id = client.ask_tool("work", json!({})).await;
    assert_eq!(
        client.next().await["method"],
        "notifications/resources/updated"
    );
    let params = json!({"requestId": id, "reason": "enough"});
    client
        .send(json!({"method": "notifications/cancelled", "params": params}))
        .await;
    assert_eq!(
        client.next().await["method"],
        "notifications/resources/updated"
    );
    let last = client
        .request("resources/read", json!({"uri": "note://last"}))
        .await;
    assert_eq!(last["result"]["contents"][0]["text"], "work was cancelled");
}

#[tokio::test]
async fn a_tool_that_panics_is_answered_and_its_session_lives_on() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let id = client.ask_tool("fail", json!({})).await;
    assert_eq!(client.answer(id).await["error"]["code"], -32603);
    assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await, "2");
}
