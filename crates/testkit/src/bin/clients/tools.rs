//! The answers. `wait` and `end` are there to be open while something happens.

use std::time::Duration;

use mcp_sse_server::{
    Message,
    message::{ErrorCode, Request, RequestFailed, RequestId},
    session::SessionSender,
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::calls::Calls;

const FAILED: ErrorCode = ErrorCode(-32000);

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

/// The params of `tools/call`.
#[derive(Deserialize)]
pub(crate) struct Call {
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) arguments: Value,
    #[serde(default, rename = "_meta")]
    meta: Value,
}

impl Call {
    /// Some clients send all arguments of a command line as strings.
    fn number(&self, name: &str) -> Option<f64> {
        match &self.arguments[name] {
            Value::String(text) => text.parse().ok(),
            value => value.as_f64(),
        }
    }
}

/// Answers a request.
pub(crate) async fn respond(message: Message, sender: SessionSender, calls: Calls) {
    let Some(request) = message.as_request() else {
        return;
    };
    let answer = answer(request, &sender, &calls).await;
    let answer = answer.unwrap_or_else(RequestFailed::into_message);
    // An error means that the session is closed.
    let _ = sender.send(in_lines(&answer)).await;
}

/// The same message with line breaks between its tokens. Some clients lose an event of several lines.
fn in_lines(message: &Message) -> Message {
    let value: Value = message.deserialize().expect("JSON that serde wrote");
    let text = serde_json::to_string_pretty(&value).expect("a value is always written");
    let text = text.replacen('\n', "\r\n", 1);
    Message::parse(text).expect("the same message")
}

async fn answer(
    request: Request<'_>,
    sender: &SessionSender,
    calls: &Calls,
) -> Result<Message, RequestFailed> {
    match request.method() {
        "initialize" => request.response(&json!({
            "protocolVersion": "2024-11-05",
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "clients", "version": "1" },
        })),
        "ping" => request.response(&json!({})),
        "tools/list" => {
            let tools = TOOLS.map(|(name, description)| {
                let schema = json!({ "type": "object" });
                json!({ "name": name, "description": description, "inputSchema": schema })
            });
            request.response(&json!({ "tools": tools }))
        }
        "tools/call" => match call(&request.params()?, sender, calls).await {
            Ok(text) => request.response(&json!({ "content": [{ "type": "text", "text": text }] })),
            Err((code, text)) => Ok(request.error(code, text)),
        },
        // Clients that can speak later versions begin with `server/discover`. The Go SDK waits for its answer
        // for ever.
        _ => Ok(request.error(ErrorCode::METHOD_NOT_FOUND, "Method not found")),
    }
}

async fn call(
    call: &Call,
    sender: &SessionSender,
    calls: &Calls,
) -> Result<String, (ErrorCode, &'static str)> {
    let invalid = (ErrorCode::INVALID_PARAMS, "Invalid params");
    let number = |name| call.number(name).ok_or(invalid);
    let arguments = &call.arguments;
    match call.name.as_str() {
        "echo" => Ok(arguments["text"].as_str().ok_or(invalid)?.to_owned()),
        "add" => Ok((number("a")? + number("b")?).to_string()),
        "count" => Ok(count(number("to")? as u64, &call.meta["progressToken"], sender).await),
        "fail" => Err((FAILED, "it failed, as asked for")),
        "wait" => {
            sleep(Duration::from_millis(number("ms")? as u64)).await;
            Ok("waited".to_owned())
        }
        "cancelled" => Ok(calls.cancelled().to_string()),
        "ask" => {
            let method = arguments["method"].as_str().ok_or(invalid)?;
            // Clients count their own requests with integers.
            let id = match arguments["integer"].as_str() {
                Some(digits) => RequestId::Integer(digits),
                None => RequestId::String("from the server"),
            };
            let result = calls.ask(sender, id, method).await;
            let refused = (FAILED, "the client answered with an error");
            Ok(result.ok_or(refused)?.to_string())
        }
        "text" => Ok(hard_text(number("bytes")? as usize)),
        // The drain of `handler` has begun.
        "end" => {
            sleep(Duration::from_millis(300)).await;
            Ok("done".to_owned())
        }
        _ => Err((ErrorCode::INVALID_PARAMS, "Unknown tool")),
    }
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
            if let Ok(report) = Message::notification("notifications/progress", &params) {
                let _ = sender.send(report).await;
            }
        }
        // The TypeScript SDK drops progress that arrives together with the answer.
        sleep(Duration::from_millis(50)).await;
    }
    format!("counted to {to}")
}
