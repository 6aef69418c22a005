use mcp_sse_testkit::{events::Events, server::Server, wire::WireBody};
use serde_json::{Value, json};

/// An MCP client that writes its messages as text.
pub(crate) struct Mcp<'a> {
    pub(crate) server: &'a Server,
    pub(crate) uri: String,
    pub(crate) events: Events<WireBody>,
    last_id: i64,
}

impl<'a> Mcp<'a> {
    /// Opens a session without a handshake.
    pub(crate) async fn open(server: &'a Server) -> Self {
        let (uri, events) = server.open("/sse").await;
        Self {
            server,
            uri,
            events,
            last_id: 0,
        }
    }

    /// Opens a session and makes the handshake, with all capabilities of a client.
    pub(crate) async fn connect(server: &'a Server) -> Self {
        let mut client = Self::open(server).await;
        client.initialize().await;
        client
    }

    pub(crate) async fn initialize(&mut self) -> Value {
        let answer = self.request("initialize", initialize_params()).await;
        self.send(json!({"method": "notifications/initialized"}))
            .await;
        answer
    }

    /// Adds `jsonrpc` to a message and posts it.
    pub(crate) async fn send(&self, mut message: Value) {
        message["jsonrpc"] = json!("2.0");
        let answer = self.server.post(&self.uri, message.to_string()).await;
        assert_eq!(answer.status(), 202, "{}: {message}", answer.body());
    }

    /// Posts a request and returns its id.
    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.send(json!({"id": id, "method": method, "params": params}))
            .await;
        id
    }

    /// The next message of the server.
    pub(crate) async fn next(&mut self) -> Value {
        let event = self.events.next().await.expect("the stream continues");
        assert_eq!(event.name, "message");
        serde_json::from_str(&event.data).unwrap()
    }

    /// The response to a request, which must be the next message.
    pub(crate) async fn answer(&mut self, id: i64) -> Value {
        let answer = self.next().await;
        assert_eq!(answer["id"], id, "{answer}");
        answer
    }

    /// Posts a request and returns its response, which must be the next message.
    pub(crate) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.ask(method, params).await;
        self.answer(id).await
    }

    pub(crate) async fn ask_tool(&mut self, name: &str, arguments: Value) -> i64 {
        let params = json!({"name": name, "arguments": arguments});
        self.ask("tools/call", params).await
    }

    /// Calls a tool and returns the text of its result.
    pub(crate) async fn call(&mut self, name: &str, arguments: Value) -> String {
        let id = self.ask_tool(name, arguments).await;
        text_of(&self.answer(id).await)
    }

    /// Answers the next message of the server, which must be this request.
    pub(crate) async fn reply(&mut self, method: &str, result: Value) -> Value {
        let asked = self.next().await;
        assert_eq!(asked["method"], method, "{asked}");
        self.send(json!({"id": asked["id"], "result": result}))
            .await;
        asked
    }
}

pub(crate) fn initialize_params() -> Value {
    json!({
        "protocolVersion": "2025-06-18",
        "capabilities": {"elicitation": {}, "roots": {}, "sampling": {}},
        "clientInfo": {"name": "test", "version": "0"},
    })
}

/// The text of a tool's result.
pub(crate) fn text_of(answer: &Value) -> String {
    let text = answer["result"]["content"][0]["text"].as_str();
    text.unwrap_or_else(|| panic!("{answer}")).to_owned()
}
