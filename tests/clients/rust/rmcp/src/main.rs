//! The client of rmcp 0.10.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use checks::{Client, Text};
use rmcp::{
    ClientHandler, ErrorData, RoleClient, ServiceError, ServiceExt,
    model::{
        CallToolRequest, CallToolRequestParam, ClientCapabilities, ClientInfo, ClientRequest,
        ListRootsResult, PingRequest, ProgressNotificationParam, Root, ServerResult,
    },
    service::{NotificationContext, Peer, PeerRequestOptions, RequestContext},
    transport::SseClientTransport,
};
use serde_json::Value;

#[derive(Clone, Default)]
struct Handler {
    progress: Arc<AtomicUsize>,
}

impl ClientHandler for Handler {
    async fn list_roots(
        &self,
        _: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        let root = Root { uri: "file:///a".to_owned(), name: None };
        Ok(ListRootsResult { roots: vec![root] })
    }

    async fn on_progress(&self, _: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.progress.fetch_add(1, Relaxed);
    }

    fn get_info(&self) -> ClientInfo {
        ClientInfo {
            capabilities: ClientCapabilities::builder().enable_roots().build(),
            ..ClientInfo::default()
        }
    }
}

#[derive(Clone)]
struct Rmcp {
    peer: Peer<RoleClient>,
    progress: Arc<AtomicUsize>,
    stop: Arc<std::sync::Mutex<Option<rmcp::service::RunningService<RoleClient, Handler>>>>,
}

impl Rmcp {
    async fn request(
        &self,
        request: impl Into<ClientRequest>,
        limit: Duration,
    ) -> Result<ServerResult, ServiceError> {
        let mut options = PeerRequestOptions::no_options();
        options.timeout = Some(limit);
        let handle = self.peer.send_request_with_option(request.into(), options).await?;
        handle.await_response().await
    }
}

impl Client for Rmcp {
    async fn connect(url: String) -> Result<Self, Text> {
        let transport = SseClientTransport::start(url).await.map_err(|error| error.to_string())?;
        let handler = Handler::default();
        let progress = Arc::clone(&handler.progress);
        let running = handler.serve(transport).await.map_err(|error| error.to_string())?;
        let peer = running.peer().clone();
        let stop = Arc::new(std::sync::Mutex::new(Some(running)));
        Ok(Self { peer, progress, stop })
    }

    fn server_name(&self) -> String {
        self.peer.peer_info().map(|info| info.server_info.name.clone()).unwrap_or_default()
    }

    async fn ping(&self) -> Result<(), Text> {
        let ping = ClientRequest::PingRequest(PingRequest::default());
        self.request(ping, Duration::from_secs(5)).await.map(drop).map_err(|error| error.to_string())
    }

    async fn list(&self) -> Result<Vec<String>, Text> {
        let tools = self.peer.list_all_tools().await.map_err(|error| error.to_string())?;
        Ok(tools.into_iter().map(|tool| tool.name.into_owned()).collect())
    }

    async fn call(
        &self,
        tool: &'static str,
        arguments: Value,
        limit: Duration,
        // rmcp always asks for it.
        _progress: bool,
    ) -> Result<String, Text> {
        let params =
            CallToolRequestParam { name: tool.into(), arguments: arguments.as_object().cloned() };
        let request = ClientRequest::CallToolRequest(CallToolRequest::new(params));
        match self.request(request, limit).await {
            Ok(ServerResult::CallToolResult(result)) => {
                let text = result.content.first().and_then(|content| content.as_text());
                text.map(|text| text.text.clone()).ok_or_else(|| "no text".to_owned())
            }
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    fn progress(&self) -> usize {
        self.progress.load(Relaxed)
    }

    async fn close(&self) {
        let running = self.stop.lock().unwrap().take();
        if let Some(running) = running {
            let _ = running.cancel().await;
        }
    }
}

#[tokio::main]
async fn main() {
    checks::run::<Rmcp>().await;
    std::process::exit(0);
}
