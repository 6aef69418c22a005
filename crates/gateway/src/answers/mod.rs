//! Answers that the gateway gives itself: each request has one.

mod odd;
mod open;

use mcp_sse_server::{Message, session::SessionSender};

pub(crate) use self::{odd::id_of, open::Open};

/// JSON-RPC's code of an internal error.
const INTERNAL_ERROR: i32 = -32603;

/// Sends an error under `id`, which is JSON. It waits while the client does not read.
pub(crate) async fn error(sender: &SessionSender, id: &str, text: &str) {
    let text = serde_json::Value::from(text);
    let answer = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{INTERNAL_ERROR},"message":{text}}}}}"#
    );
    if let Ok(answer) = Message::parse(answer) {
        // An error means that the client is gone.
        let _ = sender.send(answer).await;
    }
}

/// Sends an error for each open request.
pub(crate) async fn fail_all(sender: &SessionSender, open: &Open, text: &str) {
    for id in open.take_all() {
        error(sender, &id, text).await;
    }
}
