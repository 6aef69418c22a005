//! The bounds of sessions that are given to rmcp's `serve` by hand.

use std::sync::Arc;

use mcp_sse_server::{Handler, Session, SseServerTransport};
use mcp_sse_server_rmcp::{Bounds, Guarded};
use mcp_sse_testkit::{polled, within};
use rmcp::{
    ErrorData, RoleServer, ServerHandler, ServiceExt,
    model::{CallToolRequestParams, CallToolResponse},
    service::RequestContext,
};
use serde_json::json;

use crate::{
    counted::{Alive, Counted},
    in_memory::Polled,
};

/// The bytes of all sessions. A large call takes more than half of them.
const BYTES: usize = 100_000;

fn serve<H: Handler>(handler: H) -> polled::Server<H> {
    let transport = SseServerTransport::new("/messages/", handler).unwrap();
    polled::Server::of(&transport.keep_alive(None))
}

fn guarded(alive: &Arc<Alive>) -> polled::Server<impl Handler + use<>> {
    let (alive, bounds) = (Arc::clone(alive), Bounds::new().total_bytes(BYTES));
    serve(move |session: Session| {
        let service = Guarded::new(Counted::new(&alive));
        let session = bounds.transport(session);
        async move {
            let running = service.serve(session).await.unwrap();
            running.waiting().await.unwrap();
        }
    })
}

impl<H: Handler> Polled<'_, H> {
    async fn large(&mut self, tool: &str) -> i64 {
        let arguments = json!({"text": "x".repeat(BYTES * 2 / 3)});
        let params = json!({"name": tool, "arguments": arguments});
        self.ask("tools/call", params).await
    }

    /// Checks that a large call is refused, because others run.
    async fn is_refused(&mut self) {
        let id = self.large("ignore").await;
        let refused = self.next().await;
        assert_eq!(
            (&refused["id"], &refused["error"]["code"]),
            (&json!(id), &json!(-32000))
        );
        let said = refused["error"]["message"].as_str().unwrap();
        assert!(said.contains("too much runs on this server"), "{said}");
        assert!(said.contains("100000 bytes"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn sessions_by_hand_have_a_bound_in_total() {
    let alive = Arc::new(Alive::default());
    let server = guarded(&alive);
    let mut one = Polled::connect(&server).await;
    let mut two = Polled::connect(&server).await;
    let id = one.large("ignore").await;
    within("the call", alive.are([2, 1])).await;
    two.is_refused().await;
    // It counts until it has ended, also when it was cancelled.
    one.cancel(id).await;
    two.is_refused().await;
    within("its end", alive.are([2, 0])).await;
    two.large("ignore").await;
    within("the call", alive.are([2, 1])).await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_and_comes_again_does_not_start_at_zero() {
    let alive = Arc::new(Alive::default());
    let server = guarded(&alive);
    let mut client = Polled::connect(&server).await;
    client.large("ignore").await;
    within("the call", alive.are([1, 1])).await;
    drop(client);
    let mut client = Polled::connect(&server).await;
    client.is_refused().await;
    within("its end", alive.are([1, 0])).await;
    client.large("ignore").await;
    within("the call", alive.are([1, 1])).await;
}

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

#[tokio::test(start_paused = true)]
async fn without_a_guard_a_call_that_panicked_keeps_its_place_until_its_session_ends() {
    let bounds = Bounds::new().total_bytes(BYTES);
    let server = serve(move |session: Session| {
        let session = bounds.transport(session);
        async move {
            let running = Panics.serve(session).await.unwrap();
            running.waiting().await.unwrap();
        }
    });
    let mut one = Polled::connect(&server).await;
    let mut two = Polled::connect(&server).await;
    one.large("any").await;
    // The session continues.
    one.ask("ping", json!({})).await;
    assert_eq!(one.next().await["result"], json!({}));
    two.is_refused().await;
    drop(one);
    let ended = async {
        loop {
            two.large("any").await;
            two.ask("ping", json!({})).await;
            let answer = two.next().await;
            // The ping comes first if the call has panicked.
            if answer["result"].is_object() {
                break;
            }
            two.next().await;
            tokio::time::sleep(Guarded::GRACE / 10).await;
        }
    };
    within("the end of the session", ended).await;
}
