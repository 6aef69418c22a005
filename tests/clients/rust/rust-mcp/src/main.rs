//! The client of rust-mcp-sdk.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use checks::{Client, Text};
use rust_mcp_sdk::{
    ClientSseTransport, ClientSseTransportOptions, McpClient, ToMcpClientHandler,
    mcp_client::{ClientHandler, ClientRuntime, McpClientOptions, client_runtime},
    schema::{
        CallToolMeta, CallToolRequestParams, ClientCapabilities, ClientRoots, ContentBlock,
        Implementation, InitializeRequestParams, LATEST_PROTOCOL_VERSION, ListRootsResult,
        ProgressNotificationParams, ProgressToken, RequestParams, Root, RpcError,
        schema_utils::{RequestFromClient, ResultFromServer},
    },
};
use serde_json::Value;

struct Handler {
    progress: Arc<AtomicUsize>,
}

#[async_trait]
impl ClientHandler for Handler {
    async fn handle_list_roots_request(
        &self,
        _: Option<RequestParams>,
        _: &dyn McpClient,
    ) -> Result<ListRootsResult, RpcError> {
        let root = Root { meta: None, name: None, uri: "file:///a".to_owned() };
        Ok(ListRootsResult { meta: None, roots: vec![root] })
    }

    async fn handle_progress_notification(
        &self,
        _: ProgressNotificationParams,
        _: &dyn McpClient,
    ) -> Result<(), RpcError> {
        self.progress.fetch_add(1, Relaxed);
        Ok(())
    }
}

#[derive(Clone)]
struct RustMcp {
    client: Arc<ClientRuntime>,
    progress: Arc<AtomicUsize>,
}

impl Client for RustMcp {
    async fn connect(url: String) -> Result<Self, Text> {
        let options = ClientSseTransportOptions::default();
        let transport =
            ClientSseTransport::new(&url, options).map_err(|error| error.to_string())?;
        let progress = Arc::new(AtomicUsize::new(0));
        let roots = ClientRoots { list_changed: None };
        let client_details = InitializeRequestParams {
            capabilities: ClientCapabilities { roots: Some(roots), ..Default::default() },
            client_info: Implementation {
                name: "client".to_owned(),
                version: "0".to_owned(),
                title: None,
                description: None,
                icons: vec![],
                website_url: None,
            },
            protocol_version: LATEST_PROTOCOL_VERSION.to_owned(),
            meta: None,
        };
        let client = client_runtime::create_client(McpClientOptions {
            client_details,
            transport,
            handler: Handler { progress: Arc::clone(&progress) }.to_mcp_client_handler(),
            task_store: None,
            server_task_store: None,
            message_observer: None,
        });
        Arc::clone(&client).start().await.map_err(|error| error.to_string())?;
        Ok(Self { client, progress })
    }

    fn server_name(&self) -> String {
        self.client.server_version().map(|server| server.name).unwrap_or_default()
    }

    async fn ping(&self) -> Result<(), Text> {
        self.client.ping(None, None).await.map(drop).map_err(|error| error.to_string())
    }

    async fn list(&self) -> Result<Vec<String>, Text> {
        let found = self.client.request_tool_list(None).await.map_err(|error| error.to_string())?;
        Ok(found.tools.into_iter().map(|tool| tool.name).collect())
    }

    async fn call(
        &self,
        tool: &'static str,
        arguments: Value,
        limit: Duration,
        progress: bool,
    ) -> Result<String, Text> {
        let token = progress.then(|| ProgressToken::String("token".to_owned()));
        let params = CallToolRequestParams {
            name: tool.to_owned(),
            arguments: arguments.as_object().cloned(),
            meta: token.map(|token| CallToolMeta { progress_token: Some(token), extra: None }),
            task: None,
        };
        let request = RequestFromClient::CallToolRequest(params);
        match self.client.request(request, Some(limit)).await {
            Ok(ResultFromServer::CallToolResult(result)) => match result.content.first() {
                Some(ContentBlock::TextContent(content)) => Ok(content.text.clone()),
                _ => Err("no text".to_owned()),
            },
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(format!("{error:?}")),
        }
    }

    fn progress(&self) -> usize {
        self.progress.load(Relaxed)
    }

    async fn close(&self) {
        let _ = self.client.shut_down().await;
    }
}

#[tokio::main]
async fn main() {
    checks::run::<RustMcp>().await;
    std::process::exit(0);
}
