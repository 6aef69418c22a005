//! rmcp's `SseServer` without an rmcp service: a task reads and writes each of its transports, with rmcp's
//! typed messages.

use std::time::Duration;

use axum::serve::ListenerExt;
use futures_util::{SinkExt, StreamExt};
use rmcp::{
    model::{
        CallToolResult, ClientJsonRpcMessage, ClientRequest, Content, JsonRpcMessage,
        ServerJsonRpcMessage, ServerResult,
    },
    transport::sse_server::{SseServer, SseServerConfig, SseServerTransport},
};

fn main() {
    peer::run(async |listener| {
        let (mut server, app) = SseServer::new(SseServerConfig {
            bind: listener.local_addr()?,
            sse_path: "/sse".to_owned(),
            post_path: "/messages".to_owned(),
            ct: Default::default(),
            sse_keep_alive: Some(Duration::from_secs(15)),
        });
        tokio::spawn(async move {
            while let Some(transport) = server.next_transport().await {
                tokio::spawn(echo(transport));
            }
        });
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await
    });
}

async fn echo(mut transport: SseServerTransport) {
    while let Some(message) = transport.next().await {
        let Some(answer) = answer(message) else {
            continue;
        };
        if transport.send(answer).await.is_err() {
            break;
        }
    }
}

fn answer(message: ClientJsonRpcMessage) -> Option<ServerJsonRpcMessage> {
    let JsonRpcMessage::Request(request) = message else {
        return None;
    };
    let ClientRequest::CallToolRequest(mut call) = request.request else {
        return None;
    };
    let text = call.params.arguments.as_mut()?.remove("text")?;
    let result = CallToolResult::success(vec![Content::text(text.as_str()?)]);
    let result = ServerResult::CallToolResult(result);
    Some(ServerJsonRpcMessage::response(result, request.id))
}
