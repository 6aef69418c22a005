//! A service of rmcp 0.10 over this crate, over TCP.

use mcp_sse_server::{Session, SseServerTransport};
use mcp_sse_server_rmcp_0_10::transport;
use mcp_sse_testkit::server::Server;
use rmcp::{
    RoleServer, ServerHandler, ServiceExt, handler::server::router::tool::ToolRouter,
    service::RequestContext, tool, tool_handler, tool_router,
};

#[derive(Clone)]
struct Headers {
    tool_router: ToolRouter<Self>,
}

#[tool_router]
impl Headers {
    fn new() -> Self {
        Self {
            tool_router: Self::tool_router(),
        }
    }

    #[tool(description = "Gives back the host that the client named")]
    fn host(&self, context: RequestContext<RoleServer>) -> String {
        let parts: &http::request::Parts = context.extensions.get().expect("the head of the POST");
        parts.headers["host"].to_str().unwrap().to_owned()
    }
}

#[tool_handler]
impl ServerHandler for Headers {}

async fn server() -> Server {
    let transport = SseServerTransport::new("/message", |session: Session| async {
        match Headers::new().serve(transport(session)).await {
            Ok(running) => drop(running.waiting().await),
            Err(error) => eprintln!("{error}"),
        }
    });
    let transport = transport.unwrap();
    let app = transport.layer("/sse").unwrap();
    let inner = tower::service_fn(async |_| {
        Ok::<_, std::convert::Infallible>(http::Response::new(String::new()))
    });
    Server::serve(tower::Layer::layer(&app, inner), transport.sessions()).await
}

const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"x","version":"0"}}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"host"}}"#;

#[tokio::test]
async fn a_session_with_rmcp_0_10() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    assert!(uri.starts_with("/message?session_id="), "{uri}");
    for text in [INITIALIZE, INITIALIZED, CALL] {
        assert_eq!(server.post(&uri, text).await.status(), 202, "{text}");
    }
    let initialized = events.next().await.unwrap().data;
    assert!(initialized.contains(r#""serverInfo""#), "{initialized}");
    let answer = events.next().await.unwrap().data;
    assert!(answer.contains(r#""text":"localhost""#), "{answer}");

    // An id that rmcp 0.10 cannot hold is refused, and the session continues.
    let beyond = CALL.replace(":1,", ":123456789012345678901234567890,");
    assert_eq!(server.post(&uri, beyond).await.status(), 202);
    let refused = events.next().await.unwrap().data;
    assert!(
        refused.contains(r#""id":123456789012345678901234567890,"error""#),
        "{refused}"
    );
    assert_eq!(
        server.post(&uri, CALL.replace(":1,", ":2,")).await.status(),
        202
    );
    let answer = events.next().await.unwrap().data;
    assert!(
        answer.contains(r#""id":2"#) && answer.contains("localhost"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_client_that_comes_back_needs_no_handshake() {
    let server = server().await;
    let (uri, mut events) = server.open("/sse").await;
    assert_eq!(server.post(&uri, CALL).await.status(), 202);
    let answer = events.next().await.unwrap().data;
    assert!(answer.contains(r#""text":"localhost""#), "{answer}");
}

#[test]
fn the_page_on_migration_shows_the_adapter_and_the_handler() {
    let page = include_str!("../../../crates/rmcp/src/migration.md");
    let (_docs, adapter) = include_str!("../src/lib.rs").split_once("\n\n").unwrap();
    let (_, shown) = page.split_once(adapter.trim_end()).unwrap();
    let (_, shown) = shown.split_once("```ignore\n").unwrap();
    let (shown, _) = shown.split_once("})?;\n```").unwrap();
    let this = include_str!("it.rs");
    for line in shown.lines() {
        assert!(this.contains(&line.replace("Counter", "Headers")), "{line}");
    }
}
