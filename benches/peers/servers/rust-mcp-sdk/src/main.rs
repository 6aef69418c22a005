//! rust-mcp-sdk's routes in axum, with its lowest-level handler: the SDK does not expose the transport alone.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use axum::serve::ListenerExt;
use rust_mcp_axum::{McpMountOptions, mcp_routes};
use rust_mcp_sdk::{
    McpServer, ToMcpServerHandlerCore,
    id_generator::{FastIdGenerator, UuidGenerator},
    mcp_http::{McpAppState, McpHttpHandler},
    mcp_server::ServerHandlerCore,
    schema::{
        CallToolResult, Implementation, InitializeResult, ProtocolVersion, RpcError,
        ServerCapabilities, TextContent,
        schema_utils::{NotificationFromClient, RequestFromClient, ResultFromServer},
    },
    session_store::InMemorySessionStore,
};

fn main() {
    peer::run(async |listener| {
        let mount = McpMountOptions {
            sse_endpoint: "/sse".into(),
            sse_messages_endpoint: "/messages".into(),
            ..Default::default()
        };
        let app = mcp_routes(state(), &mount, McpHttpHandler::new(None, vec![], None));
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await
    });
}

fn state() -> Arc<McpAppState> {
    Arc::new(McpAppState {
        // Sessions without a client stay until the next ping, and would fill the default 10 000 places.
        session_store: Arc::new(InMemorySessionStore::with_limits(Some(1_000_000), None)),
        id_generator: Arc::new(UuidGenerator {}),
        stream_id_gen: Arc::new(FastIdGenerator::new(Some("s_"))),
        server_details: Arc::new(InitializeResult {
            server_info: Implementation {
                name: "peer".into(),
                version: "0".into(),
                title: None,
                description: None,
                icons: vec![],
                website_url: None,
            },
            capabilities: ServerCapabilities::default(),
            meta: None,
            instructions: None,
            protocol_version: ProtocolVersion::V2024_11_05.into(),
        }),
        handler: Echo.to_mcp_server_handler(),
        ping_interval: Duration::from_secs(12),
        transport_options: Arc::default(),
        enable_json_response: false,
        event_store: None,
        task_store: None,
        client_task_store: None,
        message_observer: None,
    })
}

struct Echo;

#[async_trait]
impl ServerHandlerCore for Echo {
    async fn handle_request(
        &self,
        request: RequestFromClient,
        _runtime: Arc<dyn McpServer>,
    ) -> Result<ResultFromServer, RpcError> {
        let RequestFromClient::CallToolRequest(call) = request else {
            return Err(RpcError::method_not_found());
        };
        let text = call.arguments.as_ref().and_then(|all| all.get("text"));
        let text = text.and_then(|text| text.as_str()).unwrap_or_default();
        let text = TextContent::new(text.to_owned(), None, None);
        Ok(CallToolResult::text_content(vec![text]).into())
    }

    async fn handle_notification(
        &self,
        _notification: NotificationFromClient,
        _runtime: Arc<dyn McpServer>,
    ) -> Result<(), RpcError> {
        Ok(())
    }

    async fn handle_error(
        &self,
        _error: &RpcError,
        _runtime: Arc<dyn McpServer>,
    ) -> Result<(), RpcError> {
        Ok(())
    }
}
