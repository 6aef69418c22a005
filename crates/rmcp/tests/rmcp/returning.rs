//! Clients that continue without `initialize`, and what a service knows about its session.

use std::{
    io,
    sync::{Arc, Mutex},
};

use mcp_sse_server::{
    Session, SseServerTransport,
    session::{Principal, SessionId, SessionSender},
};
use mcp_sse_server_rmcp::{Guarded, RmcpHandler};
use mcp_sse_testkit::server::Server;
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    handler::server::router::tool::ToolRouter,
    model::{InitializeRequestParams, InitializeResult},
    service::{RequestContext, serve_directly},
    tool, tool_handler, tool_router,
};
use serde_json::json;

use crate::{
    client::{Mcp, text_of},
    everything,
};

#[tokio::test]
async fn a_client_that_comes_back_goes_on() {
    let server = everything().await;
    // A call, as the TypeScript SDK's client sends it after its stream was cut; a one-shot client; a
    // notification; several at once.
    let mut client = Mcp::open(&server).await;
    assert_eq!(client.call("add", json!({"a": 1, "b": 1})).await, "2");
    assert_eq!(client.call("add", json!({"a": 2, "b": 1})).await, "3");

    let mut client = Mcp::open(&server).await;
    client
        .send(json!({"method": "notifications/roots/list_changed"}))
        .await;
    assert!(client.request("tools/list", json!({})).await["result"]["tools"].is_array());

    let mut client = Mcp::open(&server).await;
    let first = client.ask_tool("add", json!({"a": 1, "b": 2})).await;
    let second = client.ask_tool("add", json!({"a": 1, "b": 3})).await;
    let mut answers = [client.next().await, client.next().await];
    answers.sort_by_key(|answer| answer["id"].as_i64());
    assert_eq!(
        answers
            .each_ref()
            .map(|answer| answer["id"].as_i64().unwrap()),
        [first, second]
    );
    assert_eq!(answers.each_ref().map(text_of), ["3", "4"]);

    // A ping comes before the handshake, too.
    let mut client = Mcp::open(&server).await;
    assert_eq!(client.request("ping", json!({})).await["result"], json!({}));
    let began = client.initialize().await;
    assert_eq!(began["result"]["serverInfo"]["name"], "everything");
}

/// Says what it knows about its session.
struct Knowing {
    opener: String,
    initialized: Arc<Mutex<Vec<String>>>,
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Knowing {
    fn new(opener: &str, initialized: &Arc<Mutex<Vec<String>>>) -> Self {
        Self {
            opener: opener.to_owned(),
            initialized: Arc::clone(initialized),
            tool_router: Self::tool_router(),
        }
    }

    #[tool(description = "Who opened the session, its id, and who posted.")]
    async fn who(&self, context: RequestContext<RoleServer>) -> String {
        let extensions = &context.extensions;
        let id = extensions.get::<SessionId>().expect("a session id");
        let session = extensions.get::<SessionSender>().expect("a session");
        let parts = extensions.get::<http::request::Parts>().expect("a head");
        assert_eq!(session.id(), id);
        assert!(!session.is_draining());
        format!("{} {id:?} {}", self.opener, parts.method)
    }

    #[tool(description = "Panics.")]
    fn panic() -> String {
        panic!("a tool that panics")
    }
}

#[tool_handler(router = self.tool_router)]
impl ServerHandler for Knowing {
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        self.initialized
            .lock()
            .unwrap()
            .push(request.client_info.name);
        Ok(InitializeResult::default())
    }
}

fn id_of(client: &Mcp<'_>) -> SessionId {
    let (_, id) = client.uri.split_once("session_id=").unwrap();
    id.parse().unwrap()
}

#[tokio::test]
async fn a_service_is_made_from_its_session_and_a_tool_finds_it() {
    let seen = Arc::default();
    let initialized = Arc::clone(&seen);
    let handler = RmcpHandler::with(move |session: &Session| {
        assert!(session.principal().map(Principal::client_id).is_none());
        let host = session
            .parts()
            .headers
            .get("host")
            .ok_or(io::ErrorKind::InvalidInput)?;
        let opener = format!("{host:?} {:?}", session.id());
        Ok(Knowing::new(&opener, &initialized))
    });
    let transport = SseServerTransport::new("/messages/", handler).unwrap();
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::open(&server).await;
    let said = client.call("who", json!({})).await;
    let id = id_of(&client);
    assert_eq!(said, format!("\"localhost\" {id:?} {id:?} POST"));
    assert_eq!(
        seen.lock().unwrap().len(),
        1,
        "initialized once, for the client"
    );
}

#[tokio::test]
async fn the_same_by_hand() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let initialized = Arc::clone(&seen);
    let served = SseServerTransport::new("/messages/", move |session: Session| {
        let service = Knowing::new("hand", &initialized);
        async move {
            let running = Guarded::new(service).serve(session).await?;
            running.waiting().await.map(drop)?;
            Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
        }
    });
    let server = Server::spawn(&served.unwrap()).await;
    let mut client = Mcp::open(&server).await;
    let said = client.call("who", json!({})).await;
    assert_eq!(said, format!("hand {:?} POST", id_of(&client)));
    let id = client.ask_tool("panic", json!({})).await;
    assert_eq!(client.answer(id).await["error"]["code"], -32603);
    assert_eq!(client.request("ping", json!({})).await["result"], json!({}));

    let initialized = Arc::clone(&seen);
    let directly = SseServerTransport::new("/messages/", move |session: Session| {
        let running = serve_directly(
            Guarded::new(Knowing::new("direct", &initialized)),
            session,
            None,
        );
        async move { running.waiting().await.map(drop) }
    });
    let server = Server::spawn(&directly.unwrap()).await;
    let mut client = Mcp::open(&server).await;
    let said = client.call("who", json!({})).await;
    assert_eq!(said, format!("direct {:?} POST", id_of(&client)));
    assert_eq!(seen.lock().unwrap().len(), 2);
}
