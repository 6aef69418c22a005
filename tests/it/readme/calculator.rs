use axum::{Router, serve::ListenerExt};
use mcp_sse_server::{
    Message, Session, SseServerTransport,
    message::{ErrorCode, Request, RequestFailed},
    session::SendError,
};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
#[serde(tag = "name", content = "arguments", rename_all = "snake_case")]
enum Call {
    Add { a: f64, b: f64 },
}

fn answer(request: Request<'_>) -> Result<Message, RequestFailed> {
    match request.method() {
        "initialize" => request.response(&json!({
            "protocolVersion": "2024-11-05",
            "capabilities": { "tools": {} },
            "serverInfo": { "name": "calculator", "version": "1.0.0" },
        })),
        "ping" => request.response(&json!({})),
        "tools/list" => {
            let number = json!({ "type": "number" });
            let schema = json!({ "type": "object", "properties": { "a": number, "b": number } });
            request.response(&json!({ "tools": [{ "name": "add", "inputSchema": schema }] }))
        }
        "tools/call" => {
            let Call::Add { a, b } = request.params()?; // or the error -32602
            let text = (a + b).to_string();
            request.response(&json!({ "content": [{ "type": "text", "text": text }] }))
        }
        // Clients ask for methods that a server may not know, and wait for the answer.
        _ => Ok(request.error(ErrorCode::METHOD_NOT_FOUND, "Method not found")),
    }
}

async fn handle(mut session: Session) -> Result<(), SendError> {
    while let Some(incoming) = session.recv().await {
        // Notifications and responses get no answer.
        if let Some(request) = incoming.message.as_request() {
            let answer = answer(request).unwrap_or_else(Message::from);
            session.send(answer).await?;
        }
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let transport = SseServerTransport::new("/messages/", handle)?;
    let (sse, post) = transport.services();
    let app = Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8000").await?;
    // Otherwise an event may wait 40 ms for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    axum::serve(listener, app).await?;
    Ok(())
}
