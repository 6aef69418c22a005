//! HTTP+SSE and rmcp's Streamable HTTP at one URL: each client gets its own transport.

use std::sync::Arc;

use http::Request;
use http_body_util::BodyExt;
use mcp_sse_testkit::{
    client::{Body, Client},
    server::Server,
};
use rmcp::transport::{
    StreamableHttpServerConfig, StreamableHttpService,
    streamable_http_server::session::local::LocalSessionManager,
};
use serde_json::{Value, json};
use tower::Layer;

use crate::{
    client::initialize_params,
    everything::{Everything, Notes},
    rmcp_transport,
};

/// Serves both at `/mcp`. Clients of HTTP+SSE post to `endpoint`.
async fn one_url(endpoint: &str) -> (Server, String) {
    let notes = Arc::new(Notes::default());
    let factory = move || Ok(Everything::new(Arc::clone(&notes)));
    let transport = rmcp_transport(endpoint, factory.clone());
    let streamable = StreamableHttpService::new(
        factory,
        Arc::new(LocalSessionManager::default()),
        StreamableHttpServerConfig::default(),
    );
    let app = transport.shared_layer("/mcp").unwrap().layer(streamable);
    let server = Server::serve(app, transport.sessions()).await;
    let address = server.address.to_string();
    (server, address)
}

const BOTH: &str = "application/json, text/event-stream";

/// A request of a Streamable HTTP client.
fn streamable(method: &str, uri: &str, session: Option<&str>, body: &Value) -> Request<Body> {
    let mut request = Request::builder()
        .method(method)
        .uri(uri)
        .header("accept", BOTH);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    let body = match body {
        Value::Null => Body::default(),
        body => {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        }
    };
    request.body(body).unwrap()
}

fn initialize() -> Value {
    json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize_params()})
}

#[tokio::test]
async fn an_old_client_finds_its_session_at_the_one_url_or_beside_it() {
    for (endpoint, announced) in [("/mcp", "/mcp"), ("/messages/", "/messages/")] {
        let (server, address) = one_url(endpoint).await;
        let (mut opener, mut poster) =
            (Client::http1(&address).await, Client::http1(&address).await);
        let (uri, mut events) = opener.open(&address, "/mcp").await;
        assert!(
            uri.starts_with(&format!("{announced}?session_id=")),
            "{uri}"
        );
        let accepted = poster.post(&address, &uri, &initialize().to_string()).await;
        assert_eq!(accepted.0, 202);
        let answer: Value = serde_json::from_str(&events.next().await.unwrap().data).unwrap();
        assert_eq!(answer["result"]["serverInfo"]["name"], "everything");
        assert_eq!(server.sessions.len(), 1);
    }
}

#[tokio::test]
async fn a_streamable_session_runs_from_initialize_to_delete() {
    let (server, address) = one_url("/mcp").await;
    let mut client = Client::http1(&address).await;
    let began = streamable("POST", "/mcp", None, &initialize());
    let began = client.send(&address, began).await;
    assert_eq!(began.status(), 200);
    let session = began.headers()["mcp-session-id"]
        .to_str()
        .unwrap()
        .to_owned();
    began.into_body().collect().await.unwrap();
    let session = Some(session.as_str());

    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let initialized = streamable("POST", "/mcp", session, &initialized);
    assert_eq!(client.send(&address, initialized).await.status(), 202);

    // The stream of the Streamable HTTP session: its first event is not `endpoint`.
    let mut listener = Client::http1(&address).await;
    let stream = streamable("GET", "/mcp", session, &Value::Null);
    let stream = listener.send(&address, stream).await;
    assert_eq!(stream.status(), 200);
    let first = stream
        .into_body()
        .frame()
        .await
        .unwrap()
        .unwrap()
        .into_data()
        .unwrap();
    assert!(
        !String::from_utf8_lossy(&first).contains("endpoint"),
        "{first:?}"
    );

    // Another query makes no difference.
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    for query in [
        "",
        "?session_id=mine",
        "?session_id=0123456789abcdef0123456789abcdef",
    ] {
        let ping = streamable("POST", &format!("/mcp{query}"), session, &ping);
        let answer = client.send(&address, ping).await;
        assert_eq!(answer.status(), 200, "{query}");
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(
            String::from_utf8_lossy(&text).contains(r#""id":2"#),
            "{query}: {text:?}"
        );
    }

    let delete = streamable("DELETE", "/mcp", session, &Value::Null);
    assert!(client.send(&address, delete).await.status().is_success());
    let gone = client
        .send(&address, streamable("POST", "/mcp", session, &ping))
        .await;
    assert_eq!(gone.status(), 404);
    assert_eq!(server.sessions.len(), 0);
}

#[tokio::test]
async fn other_requests_reach_the_inner_service() {
    let (server, address) = one_url("/mcp").await;
    let ours = "/mcp?session_id=0123456789abcdef0123456789abcdef";
    let ping = json!({"jsonrpc": "2.0", "id": 2, "method": "ping"});
    for (method, uri, accept, status) in [
        // The transport answers: no such session.
        ("POST", ours, "*/*", 404),
        // rmcp answers: it requires both types in `accept`, and a session.
        ("POST", "/mcp?session_id=mine", "*/*", 406),
        ("POST", "/mcp", "*/*", 406),
        ("GET", "/mcp", "application/json", 406),
        ("HEAD", "/mcp", "*/*", 405),
        ("OPTIONS", "/mcp", "*/*", 405),
        ("PUT", ours, "*/*", 405),
    ] {
        let mut client = Client::http1(&address).await;
        let mut request = streamable(method, uri, None, &ping);
        request
            .headers_mut()
            .insert("accept", accept.parse().unwrap());
        let answer = client.send(&address, request).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {uri}");
    }
    // A client that resumes: rmcp answers that there is no such stream.
    let mut client = Client::http1(&address).await;
    let mut resume = streamable("GET", "/mcp", None, &Value::Null);
    resume
        .headers_mut()
        .insert("last-event-id", "0".parse().unwrap());
    let answer = client.send(&address, resume).await;
    assert_ne!(answer.status(), 200);
    assert_eq!(server.sessions.len(), 0, "none of these opened a session");
}

#[tokio::test]
async fn both_sides_check_the_host() {
    let (_server, address) = one_url("/mcp").await;
    let ours = Request::get("/mcp").body(Body::default()).unwrap();
    for request in [ours, streamable("POST", "/mcp", None, &initialize())] {
        let mut client = Client::http1(&address).await;
        let answer = client.send("rebound.example", request).await;
        assert!(answer.status().is_client_error(), "{}", answer.status());
    }
}
