//! Each accepted request is answered, however the server ends the session.

use std::{sync::Arc, time::Duration};

use mcp_sse_server::{Session, SseServerTransport, session::CloseReason};
use mcp_sse_server_rmcp::Guarded;
use mcp_sse_testkit::{server::Server, within};
use rmcp::ServiceExt;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::{
    client::Mcp,
    counted::{Alive, Counted},
    in_memory::{Polled, in_memory},
};

fn is_cut(answer: &Value, id: i64, why: &str) {
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&json!(id), &json!(-32603))
    );
    let said = answer["error"]["message"].as_str().unwrap();
    assert!(said.contains(why), "{said}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_of_a_shutdown_is_that_of_open_calls() {
    let alive = Arc::new(Alive::default());
    let server = in_memory(&alive);
    let mut client = Polled::connect(&server).await;
    let [work, ignored, finish] = [
        client.ask_tool("work").await,
        client.ask_tool("ignore").await,
        client.ask_tool("finish").await,
    ];
    within("the calls", alive.are([1, 3])).await;
    let start = Instant::now();
    let shutdown = server.sessions.shutdown().deadline(Duration::from_secs(20));
    let shutdown = tokio::spawn(shutdown.into_future());
    // rmcp alone ends a session after 5 s.
    assert!(
        timeout(Duration::from_secs(19), client.next())
            .await
            .is_err()
    );
    alive.finish.0.add_permits(1);
    let answer = client.next().await;
    assert_eq!(
        (&answer["id"], start.elapsed().as_secs()),
        (&json!(finish), 19)
    );
    assert!(answer["result"].is_object());

    is_cut(&client.next().await, work, "shut down");
    is_cut(&client.next().await, ignored, "shut down");
    assert_eq!(start.elapsed().as_secs(), 20);
    assert_eq!(client.events.next().await, None);
    drop(client);
    assert_eq!(
        within("the shutdown", shutdown).await.unwrap(),
        1,
        "one was cut"
    );
    within("their end", alive.are([0, 0])).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_reports_progress_and_asks_the_client_while_the_session_drains() {
    let alive = Arc::new(Alive::default());
    let server = in_memory(&alive);
    let mut client = Polled::connect(&server).await;
    let id = client.ask_tool("until_drained").await;
    within("the call", alive.are([1, 1])).await;
    let shutdown = tokio::spawn(server.sessions.shutdown().into_future());
    assert_eq!(
        client.next().await["method"],
        "notifications/tools/list_changed"
    );
    let asked = client.next().await;
    assert_eq!(asked["method"], "roots/list");
    client
        .post(json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"roots": []}}))
        .await;
    let answer = client.next().await;
    assert_eq!(
        (&answer["id"], &answer["result"]["content"][0]["text"]),
        (&json!(id), &json!("drained"))
    );
    assert_eq!(client.events.next().await, None);
    drop(client);
    assert_eq!(
        within("the shutdown", shutdown).await.unwrap(),
        0,
        "none was cut"
    );
}

#[tokio::test]
async fn a_session_that_is_closed_answers_its_open_calls() {
    let alive = Arc::new(Alive::default());
    let counted = Arc::clone(&alive);
    let transport = crate::rmcp_transport("/messages/", move || Ok(Counted::new(&counted)));
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::connect(&server).await;
    let id = client.ask_tool("ignore", json!({})).await;
    within("the call", alive.are([1, 1])).await;
    server.sessions.close_all();
    is_cut(&client.next().await, id, "closed the session");
    assert_eq!(client.events.next().await, None);
}

/// A handler that ends while a call is open.
#[tokio::test]
async fn a_service_that_ends_or_fails_answers_its_open_calls() {
    for (fails, why) in [
        (false, "ended the session"),
        (true, "failed and ended the session"),
    ] {
        let alive = Arc::new(Alive::default());
        let counted = Arc::clone(&alive);
        let transport = SseServerTransport::new("/messages/", move |session: Session| {
            let alive = Arc::clone(&counted);
            async move {
                let running = Guarded::new(Counted::new(&alive))
                    .serve(session)
                    .await
                    .unwrap();
                alive.are([1, 1]).await;
                drop(running);
                match fails {
                    true => Err("a reason that is not sent to the client"),
                    false => Ok(()),
                }
            }
        });
        let server = Server::spawn(&transport.unwrap()).await;
        let mut client = Mcp::connect(&server).await;
        let id = client.ask_tool("ignore", json!({})).await;
        is_cut(&client.next().await, id, why);
        assert_eq!(client.events.next().await, None);
    }
}

#[tokio::test]
async fn a_handshake_that_fails_answers_what_came_with_it() {
    let alive = Arc::new(Alive::default());
    let counted = Arc::clone(&alive);
    let transport = crate::rmcp_transport("/messages/", move || {
        alive.finish.0.add_permits(1);
        Ok(Failing(Counted::new(&counted)))
    });
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::open(&server).await;
    let (_, id) = client.uri.split_once("session_id=").unwrap();
    let session = server.sessions.get(&id.parse().unwrap()).unwrap();
    let first = client
        .ask("initialize", crate::client::initialize_params())
        .await;
    let refused = client.answer(first).await;
    assert_eq!(refused["error"]["message"], "not now");
    assert_eq!(
        within("the end", session.closed()).await,
        CloseReason::HandlerFailed
    );
    assert_eq!(client.events.next().await, None);
}

struct Failing(#[expect(dead_code, reason = "counts itself")] Counted);

impl rmcp::ServerHandler for Failing {
    async fn initialize(
        &self,
        _: rmcp::model::InitializeRequestParams,
        _: rmcp::service::RequestContext<rmcp::RoleServer>,
    ) -> Result<rmcp::model::InitializeResult, rmcp::ErrorData> {
        Err(rmcp::ErrorData::internal_error("not now", None))
    }
}
