//! Messages that the transport accepts and rmcp does not expect or cannot read. Each request is answered,
//! and the session continues.

use std::sync::Arc;

use mcp_sse_server::SseServerTransport;
use mcp_sse_server_rmcp::RmcpHandler;
use mcp_sse_testkit::server::Server;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{CustomRequest, CustomResult},
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{
    client::{Mcp, initialize_params},
    everything,
    everything::{Everything, Notes},
    rmcp_transport,
};

impl Mcp<'_> {
    async fn send_text(&self, text: &str) {
        let answer = self.server.post(&self.uri, text).await;
        assert_eq!(answer.status(), 202, "{}: {text}", answer.body());
    }

    /// The text of the next message.
    async fn next_text(&mut self) -> String {
        self.events.next().await.expect("the stream continues").data
    }
}

fn request(id: &str, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

#[tokio::test]
async fn every_request_is_answered_under_its_id() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let deep = format!(
        r#"{{"name":"echo","arguments":{}{}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let call = |arguments: &str| format!(r#"{{"name":"echo","arguments":{arguments}}}"#);
    for (id, method, params, code) in [
        // Unknown methods.
        ("1", "no/such/method", "{}", Some(-32601)),
        (r#""a""#, "no/such/method", "null", Some(-32601)),
        // Known methods with wrong parameters: rmcp answers.
        ("2", "tools/call", "{}", None),
        ("3", "tools/call", r#"{"name":7}"#, None),
        ("4", "tools/call", r#"{"name":"no such tool"}"#, None),
        ("5", "tools/call", &call(r#"{"text":7}"#), None),
        ("6", "tools/call", &call("[]"), None),
        ("7", "resources/read", r#"{"url":"note://1"}"#, None),
        ("8", "prompts/get", r#"{"name":"no such prompt"}"#, None),
        ("9", "logging/setLevel", r#"{"level":"loud"}"#, None),
        ("10", "completion/complete", "null", None),
        // Messages that rmcp's types cannot hold.
        ("9223372036854775808", "ping", "{}", Some(-32600)),
        (
            "-123456789012345678901234567890",
            "tools/list",
            "{}",
            Some(-32600),
        ),
        ("11", "tools/call", &call(r#"{"text":1e999}"#), Some(-32600)),
        ("12", "tools/call", &deep, Some(-32600)),
    ] {
        client.send_text(&request(id, method, params)).await;
        let answer = client.next_text().await;
        assert!(
            answer.contains(&format!(r#""id":{id},"#)),
            "{id} is not in {answer}"
        );
        let answer: Value = serde_json::from_str(&answer).unwrap();
        let found = answer["error"]["code"].as_i64();
        assert!(
            found.is_some() || answer["result"]["isError"] == true,
            "{method} {params:.60}: {answer}"
        );
        assert!(
            code.is_none() || found == code,
            "{method} {params:.60}: {answer}"
        );
    }
    assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await, "2");
}

/// Answers with a result that is not an object, which MCP does not allow.
struct NoObject;

impl ServerHandler for NoObject {
    async fn on_custom_request(
        &self,
        _: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        Ok(CustomResult::new(json!("not an object")))
    }
}

#[tokio::test]
async fn a_response_that_is_not_a_message_becomes_an_error() {
    let transport = rmcp_transport("/messages/", || Ok(NoObject));
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::connect(&server).await;
    let answer = client.request("mine", json!({})).await;
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    let answer = client.request("ping", json!({})).await;
    assert_eq!(answer["result"], json!({}));
}

#[tokio::test]
async fn unknown_notifications_and_responses_are_ignored() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(200), "]".repeat(200));
    for text in [
        r#"{"jsonrpc":"2.0","method":"notifications/of/nobody"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}"#
            .to_owned(),
        r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progress":"much"}}"#
            .to_owned(),
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/x","params":{deep}}}"#),
        r#"{"jsonrpc":"2.0","id":99,"result":{}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"x"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}"#.to_owned(),
        format!(r#"{{"jsonrpc":"2.0","id":99999999999999999999,"result":{deep}}}"#),
    ] {
        client.send_text(&text).await;
    }
    assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await, "2");
}

#[tokio::test]
async fn a_response_that_cannot_be_read_ends_the_tool_that_waits_for_it() {
    let server = everything().await;
    let mut client = Mcp::connect(&server).await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for answer in [
        format!(r#""result":{{"roots":{deep}}}"#),
        r#""error":{"code":99999999999,"message":"beyond 32 bits"}"#.to_owned(),
        r#""result":{"roots":"none"}"#.to_owned(),
        r#""result":{}"#.to_owned(),
    ] {
        let id = client.ask_tool("ask_roots", json!({})).await;
        let asked = client.next().await["id"].clone();
        client
            .send_text(&format!(r#"{{"jsonrpc":"2.0","id":{asked},{answer}}}"#))
            .await;
        let failed = client.answer(id).await;
        assert_eq!(failed["error"]["code"], -32603, "{answer:.60}: {failed}");
    }
    assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await, "2");
}

#[tokio::test]
async fn messages_before_the_handshake_do_not_end_the_session() {
    let notes = Arc::new(Notes::default());
    let handler = RmcpHandler::new(move || Ok(Everything::new(Arc::clone(&notes))));
    let handler = handler.initialize_returning_clients(false);
    let server = Server::spawn(&SseServerTransport::new("/messages/", handler).unwrap()).await;
    let mut client = Mcp::open(&server).await;
    client
        .send(json!({"method": "notifications/initialized"}))
        .await;
    client.send(json!({"id": 7, "result": {}})).await;
    let early = client.request("tools/list", json!({})).await;
    // The migration page quotes it.
    let text = "request _meta is missing or has malformed required fields";
    let said = early["error"]["message"].as_str().unwrap();
    assert!(
        said.starts_with(text) && early["error"]["code"] == -32602,
        "{early}"
    );
    client
        .send(json!({"method": "notifications/cancelled", "params": {"requestId": 1}}))
        .await;
    assert_eq!(client.request("ping", json!({})).await["result"], json!({}));

    let began = client.initialize().await;
    assert_eq!(began["result"]["serverInfo"]["name"], "everything");
    assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await, "2");
}

#[tokio::test]
async fn a_session_without_a_handshake_follows_rmcp() {
    let server = everything().await;
    let mut client = Mcp::open(&server).await;
    let discovered = client
        .request("server/discover", json!({"_meta": meta()}))
        .await;
    assert!(
        discovered["result"]["supportedVersions"].is_array(),
        "{discovered}"
    );
    client.send(json!({"method": "notifications/early"})).await;
    let params = json!({"name": "add", "arguments": {"a": 1, "b": 1}, "_meta": meta()});
    let added = client.request("tools/call", params).await;
    assert_eq!(added["result"]["content"][0]["text"], "2", "{added}");
}

/// The metadata that replaces the handshake since MCP 2026-07-28.
fn meta() -> Value {
    let params = initialize_params();
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": params["clientInfo"],
        "io.modelcontextprotocol/clientCapabilities": params["capabilities"],
    })
}
