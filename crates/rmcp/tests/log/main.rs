//! How many log events clients can cause.

#[path = "../rmcp/client.rs"]
#[expect(dead_code, reason = "a part is used here")]
mod client;
mod events;

use std::io;

use mcp_sse_server::SseServerTransport;
use mcp_sse_server_rmcp::RmcpHandler;
use mcp_sse_testkit::server::Server;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{CallToolRequestParams, CallToolResponse},
    service::RequestContext,
};
use serde_json::json;
use tracing::Level;

use self::{client::Mcp, events::Events};

const SESSIONS: usize = 15;

/// The promise of SECURITY.md.
const MOST: usize = 10;

struct Panics;

impl ServerHandler for Panics {
    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        panic!("a tool that panics");
    }
}

async fn serve(handler: RmcpHandler) -> Server {
    Server::spawn(&SseServerTransport::new("/messages/", handler).unwrap()).await
}

/// Checks that `times` events contain `what`, and that ten of them are warnings.
#[track_caller]
fn is_limited(events: &Events, what: &str, times: usize) {
    let levels = events.levels(what);
    let warnings = levels.iter().take_while(|level| **level == Level::WARN);
    assert_eq!(warnings.count(), MOST, "{what}: {levels:?}");
    assert!(levels[MOST..].iter().all(|level| *level == Level::DEBUG));
    assert_eq!(levels.len(), times, "{what}: {levels:?}");
}

#[tokio::test]
async fn all_sessions_together_cause_ten_warnings_of_each_reason() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let handler = RmcpHandler::new(|| Ok(Panics))
        .session_bytes(100_000)
        // Otherwise the core would initialise the session when the early notification comes.
        .initialize_returning_clients(false);
    let server = serve(handler).await;
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let deep = format!(r#"{{"jsonrpc":"2.0","method":"n/a","params":{{"a":{deep}}}}}"#);
    for _ in 0..SESSIONS {
        let mut client = Mcp::open(&server).await;
        client.send(json!({"method": "notifications/early"})).await;
        client.initialize().await;
        let large = json!({"text": "x".repeat(100_000)});
        let large = json!({"method": "notifications/large", "params": large});
        client.send(large).await;
        let uri = &client.uri;
        assert_eq!(server.post(uri, &deep).await.status(), 202);
        let answer = client.request("tools/call", json!({"name": "any"})).await;
        assert_eq!(answer["error"]["code"], -32603, "{answer}");
    }
    for what in [
        "before its first request",
        "it takes more memory",
        "cannot read a Notification",
        "a notification panicked",
    ] {
        is_limited(&events, what, SESSIONS);
    }
}

#[tokio::test]
async fn services_that_cannot_be_made_cause_ten_warnings() {
    let events = Events::default();
    let _guard = tracing::subscriber::set_default(events.clone());
    let server = serve(RmcpHandler::new(|| {
        Err::<Panics, _>(io::Error::other("no"))
    }))
    .await;
    for _ in 0..SESSIONS {
        let mut client = Mcp::open(&server).await;
        client.request("ping", json!({})).await;
    }
    is_limited(&events, "could not make", SESSIONS);
}
