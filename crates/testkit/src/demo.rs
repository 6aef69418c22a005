//! A small MCP server with three tools, for the examples whose subject is another. The `quickstart`
//! example has the same server in full.

use std::time::Duration;

use mcp_sse_server::{
    Message, Session,
    message::{MessageKind, RequestId},
    session::SessionSender,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinSet;

const PROTOCOL_VERSION: &str = "2024-11-05";

/// Serves one client. Each request runs in a task of its own; when the session is closed, the set of
/// tasks is dropped, which aborts those that still run.
pub async fn serve(session: Session) {
    let (sender, mut receiver) = session.split();
    let mut tasks = JoinSet::new();
    while let Some(incoming) = receiver.recv().await {
        // Notifications and responses need no answer.
        if incoming.message.kind() == MessageKind::Request {
            let sender = sender.clone();
            tasks.spawn(async move { respond(&incoming.message, &sender).await });
        }
        while tasks.try_join_next().is_some() {}
    }
}

/// A JSON-RPC error: its code and message.
type Failure = (i32, String);

const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;

async fn respond(request: &Message, sender: &SessionSender) {
    let Some(id) = request.id() else { return };
    let answer = match request.method().unwrap_or_default() {
        "initialize" => Ok(json!({
            "protocolVersion": PROTOCOL_VERSION,
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "quickstart", "version": env!("CARGO_PKG_VERSION") },
        })),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({ "tools": tools() })),
        "tools/call" => call(request, sender).await,
        other => Err((METHOD_NOT_FOUND, format!("Method not found: {other}"))),
    };
    let answer = match answer {
        Ok(result) => reply(id, "result", &result),
        Err((code, message)) => reply(id, "error", &json!({ "code": code, "message": message })),
    };
    // An error means that the session is closed: no client waits for the answer.
    let _ = sender.send(answer).await;
}

/// A response with the request's id as the client wrote it.
fn reply(id: RequestId<'_>, member: &str, value: &Value) -> Message {
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"{member}":{value}}}"#);
    Message::parse(text).expect("an id and a value make an answer")
}

fn tools() -> Value {
    let tool = |name: &str, description: &str, properties: Value, required: Value| {
        json!({
            "name": name,
            "description": description,
            "inputSchema": { "type": "object", "properties": properties, "required": required },
        })
    };
    json!([
        tool(
            "echo",
            "Gives a text back",
            json!({ "text": { "type": "string" } }),
            json!(["text"]),
        ),
        tool(
            "add",
            "Adds two numbers",
            json!({ "a": { "type": "number" }, "b": { "type": "number" } }),
            json!(["a", "b"]),
        ),
        tool(
            "count",
            "Counts to a number, a tenth of a second each, and reports its progress",
            json!({ "to": { "type": "integer", "minimum": 1, "maximum": 100 } }),
            json!(["to"]),
        ),
    ])
}

#[derive(Deserialize)]
struct ToolCall {
    params: ToolCallParams,
}

#[derive(Deserialize)]
struct ToolCallParams {
    name: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default, rename = "_meta")]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(rename = "progressToken")]
    progress_token: Option<Value>,
}

async fn call(request: &Message, sender: &SessionSender) -> Result<Value, Failure> {
    let ToolCall { params } = request
        .deserialize()
        .map_err(|_| (INVALID_PARAMS, "Invalid params: `name` is required".into()))?;
    let ToolCallParams {
        name,
        arguments,
        meta,
    } = params;
    let missing = |what: &str| (INVALID_PARAMS, format!("Invalid params: {what}"));
    let text = match name.as_str() {
        "echo" => match &arguments["text"] {
            Value::String(text) => text.clone(),
            _ => return Err(missing("`text` must be a string")),
        },
        "add" => match (arguments["a"].as_f64(), arguments["b"].as_f64()) {
            (Some(a), Some(b)) => (a + b).to_string(),
            _ => return Err(missing("`a` and `b` must be numbers")),
        },
        "count" => match arguments["to"].as_u64() {
            Some(to @ 1..=100) => count(to, meta.progress_token.as_ref(), sender).await,
            _ => return Err(missing("`to` must be an integer from 1 to 100")),
        },
        other => return Err((INVALID_PARAMS, format!("Unknown tool: {other}"))),
    };
    Ok(json!({ "content": [{ "type": "text", "text": text }] }))
}

/// Counts, and reports the progress if the client asked for it.
async fn count(to: u64, token: Option<&Value>, sender: &SessionSender) -> String {
    for progress in 1..=to {
        if let Some(token) = token {
            report(progress, to, token, sender).await;
        }
        // Work after the report: the TypeScript SDK drops a report that arrives with the answer.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    format!("counted to {to}")
}

async fn report(progress: u64, total: u64, token: &Value, sender: &SessionSender) {
    let params = json!({ "progressToken": token, "progress": progress, "total": total });
    let notification =
        json!({ "jsonrpc": "2.0", "method": "notifications/progress", "params": params });
    // A token that MCP does not allow makes no message, and a closed session needs none.
    if let Ok(notification) = Message::new(&notification) {
        let _ = sender.send(notification).await;
    }
}
