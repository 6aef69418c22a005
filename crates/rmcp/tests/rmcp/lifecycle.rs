//! How sessions end, and that their services, peers and tools end with them.

use std::{
    io,
    sync::{Arc, Mutex},
};

use mcp_sse_server::{Session, SseServerTransport, session::SessionId};
use mcp_sse_testkit::{server::Server, within};
use rmcp::{RoleServer, ServerHandler, ServiceExt, service::Peer};
use serde_json::json;

use crate::{
    client::{Mcp, text_of},
    counted::{Alive, Counted},
    rmcp_transport,
};

async fn counted() -> (Server, Arc<Alive>) {
    let alive = Arc::new(Alive::default());
    let counted = Arc::clone(&alive);
    let transport = rmcp_transport("/messages/", move || Ok(Counted::new(&counted)));
    (Server::spawn(&transport).await, alive)
}

fn id_of(client: &Mcp<'_>) -> SessionId {
    let (_, id) = client.uri.split_once("session_id=").unwrap();
    id.parse().unwrap()
}

#[tokio::test]
async fn a_client_that_vanishes_in_a_tool_call_ends_the_service_and_the_call() {
    let (server, alive) = counted().await;
    for tool in ["work", "ask", "tell"] {
        let mut client = Mcp::connect(&server).await;
        client.ask_tool(tool, json!({})).await;
        within("the call", alive.are([1, 1])).await;
        drop(client);
        within("its end", alive.are([0, 0])).await;
        assert!(server.sessions.is_empty(), "{tool}");
    }
}

#[tokio::test]
async fn a_client_that_vanishes_before_it_begins_ends_the_service() {
    let (server, alive) = counted().await;
    let client = Mcp::open(&server).await;
    within("the service", alive.are([1, 0])).await;
    drop(client);
    within("its end", alive.are([0, 0])).await;
}

#[tokio::test]
async fn a_session_that_is_closed_ends_its_stream_its_service_and_its_calls() {
    let (server, alive) = counted().await;
    let mut client = Mcp::connect(&server).await;
    client.ask_tool("work", json!({})).await;
    client.ask_tool("ask", json!({})).await;
    within("the calls", alive.are([1, 2])).await;
    assert!(server.sessions.close(&id_of(&client)));
    while client.events.next().await.is_some() {}
    within("their end", alive.are([0, 0])).await;
}

#[tokio::test]
async fn a_shutdown_lets_open_calls_finish() {
    let (server, alive) = counted().await;
    let mut client = Mcp::connect(&server).await;
    let id = client.ask_tool("finish", json!({})).await;
    within("the call", alive.are([1, 1])).await;
    let session = server.sessions.get(&id_of(&client)).unwrap();
    let shutdown = tokio::spawn(server.sessions.shutdown().into_future());
    within("the drain", session.draining()).await;
    let ping = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
    assert_eq!(server.post(&client.uri, ping).await.status(), 404);
    alive.finish.0.add_permits(1);
    assert_eq!(text_of(&client.answer(id).await), "finished");
    assert_eq!(client.events.next().await, None);
    assert_eq!(
        within("the shutdown", shutdown).await.unwrap(),
        0,
        "none was cut"
    );
    within("the service's end", alive.are([0, 0])).await;
}

#[tokio::test]
async fn a_service_that_cannot_be_made_is_an_answer() {
    let factory = || Err::<Plain, _>(io::Error::other("no database at 10.0.0.1"));
    let transport = rmcp_transport("/messages/", factory);
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::open(&server).await;
    client.send(json!({"method": "notifications/early"})).await;
    let answer = client.request("initialize", json!({})).await;
    assert_eq!(answer["error"]["code"], -32603);
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(!said.contains("database"), "a client need not know: {said}");
    assert_eq!(client.events.next().await, None);
}

pub(crate) struct Plain;

impl ServerHandler for Plain {}

#[tokio::test]
async fn a_peer_that_outlives_its_session_knows_that_it_is_over() {
    let peers: Arc<Mutex<Vec<Peer<RoleServer>>>> = Arc::default();
    let kept = Arc::clone(&peers);
    let transport = SseServerTransport::new("/messages/", move |session: Session| {
        let kept = Arc::clone(&kept);
        async move {
            let running = Plain.serve(session).await.unwrap();
            kept.lock().unwrap().push(running.peer().clone());
            running.waiting().await.unwrap();
        }
    });
    let server = Server::spawn(&transport.unwrap()).await;
    let mut client = Mcp::connect(&server).await;
    client.request("ping", json!({})).await;
    let peer = peers.lock().unwrap().pop().unwrap();
    assert!(!peer.is_transport_closed());
    drop(client);
    let failed = within("an error", async {
        loop {
            if peer.notify_tool_list_changed().await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
    });
    failed.await;
    within("its end", async {
        while !peer.is_transport_closed() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
