//! The answers. `wait` and `end` are there to be open while something happens.

use std::time::Duration;

use mcp_sse_server::{Message, session::SessionSender};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::calls::Calls;

const METHOD_NOT_FOUND: i32 = -32601;
const INVALID_PARAMS: i32 = -32602;
const FAILED: i32 = -32000;

/// A JSON-RPC error: its code and message.
type Failure = (i32, &'static str);

const TOOLS: [(&str, &str); 9] = [
    ("echo", "Gives `text` back"),
    ("add", "Adds the numbers `a` and `b`"),
    ("count", "Counts to `to`, and reports its progress"),
    ("fail", "Answers with the error -32000"),
    ("wait", "Takes `ms` milliseconds"),
    ("cancelled", "How many calls the client has cancelled"),
    (
        "ask",
        "Sends the request `method` to the client, and gives its result back",
    ),
    (
        "text",
        "A text of at least `bytes` bytes with all that is hard to carry",
    ),
    ("end", "Ends the session from the server's side: `how`"),
];

/// Answers a request.
pub(crate) async fn respond(request: Value, sender: SessionSender, calls: Calls) {
    let params = &request["params"];
    let answer = match request["method"].as_str().unwrap_or_default() {
        "initialize" => Ok(json!({
            "protocolVersion": "2024-11-05",
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "clients", "version": "1" },
        })),
        "ping" => Ok(json!({})),
        "tools/list" => Ok(list()),
        "tools/call" => call(params, &sender, &calls).await,
        _ => Err((METHOD_NOT_FOUND, "Method not found")),
    };
    let (member, value) = match answer {
        Ok(result) => ("result", result),
        Err((code, message)) => ("error", json!({ "code": code, "message": message })),
    };
    send(
        &sender,
        &json!({ "jsonrpc": "2.0", "id": request["id"], member: value }),
    )
    .await;
}

async fn send(sender: &SessionSender, value: &Value) {
    if let Ok(message) = Message::new(value) {
        // An error means that the session is closed.
        let _ = sender.send(message).await;
    }
}

fn list() -> Value {
    let tools = TOOLS.map(|(name, description)| {
        json!({ "name": name, "description": description, "inputSchema": { "type": "object" } })
    });
    json!({ "tools": tools })
}

async fn call(params: &Value, sender: &SessionSender, calls: &Calls) -> Result<Value, Failure> {
    let arguments = &params["arguments"];
    // Some clients send all arguments of a command line as strings.
    let number = |name: &str| match &arguments[name] {
        Value::String(text) => text.parse().ok(),
        value => value.as_f64(),
    };
    let text = match params["name"].as_str().unwrap_or_default() {
        "echo" => arguments["text"].as_str().map(str::to_owned),
        "add" => number("a")
            .zip(number("b"))
            .map(|(a, b)| (a + b).to_string()),
        "count" => match number("to") {
            None => None,
            Some(to) => Some(count(to as u64, &params["_meta"]["progressToken"], sender).await),
        },
        "fail" => return Err((FAILED, "it failed, as asked for")),
        "wait" => match number("ms") {
            None => None,
            Some(ms) => {
                sleep(Duration::from_millis(ms as u64)).await;
                Some("waited".to_owned())
            }
        },
        "cancelled" => Some(calls.cancelled().to_string()),
        "ask" => {
            let method = arguments["method"].as_str().unwrap_or_default();
            // A string, unless the client says otherwise: clients count their own requests with integers.
            let id = match &arguments["id"] {
                Value::Null => json!("from the server"),
                id => id.clone(),
            };
            let result = calls.ask(sender, &id, method).await;
            Some(
                result
                    .ok_or((FAILED, "the client answered with an error"))?
                    .to_string(),
            )
        }
        "text" => number("bytes").map(|bytes| hard_text(bytes as usize)),
        // The drain of `handler` has begun.
        "end" => {
            sleep(Duration::from_millis(300)).await;
            Some("done".to_owned())
        }
        _ => return Err((INVALID_PARAMS, "Unknown tool")),
    };
    let text = text.ok_or((INVALID_PARAMS, "Invalid params"))?;
    Ok(json!({ "content": [{ "type": "text", "text": text }] }))
}

/// Characters outside the basic plane, quotes, escapes, and all line ends of any reader.
fn hard_text(bytes: usize) -> String {
    const PIECE: &str = "\u{2028} \u{2029} \u{85} 😀👩‍👩‍👧 ü \"quoted\" 'too' \\ \\n \n \r\n \r \t data: \n\nevent: endpoint\n";
    PIECE.repeat(bytes.div_ceil(PIECE.len()))
}

async fn count(to: u64, token: &Value, sender: &SessionSender) -> String {
    for progress in 1..=to {
        if !token.is_null() {
            let params = json!({ "progressToken": token, "progress": progress, "total": to });
            let method = "notifications/progress";
            send(
                sender,
                &json!({ "jsonrpc": "2.0", "method": method, "params": params }),
            )
            .await;
        }
        // The TypeScript SDK drops progress that arrives together with the answer.
        sleep(Duration::from_millis(50)).await;
    }
    format!("counted to {to}")
}
