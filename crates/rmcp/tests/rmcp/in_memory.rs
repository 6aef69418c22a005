use std::sync::Arc;

use mcp_sse_server::{Handler, SseServerTransport, sse::SseBody};
use mcp_sse_server_rmcp::RmcpHandler;
use mcp_sse_testkit::{events::Events, polled};
use serde_json::{Value, json};

use crate::{
    client::initialize_params,
    counted::{Alive, Counted},
};

/// A server without sockets, for a clock that is paused.
pub(crate) fn in_memory(alive: &Arc<Alive>) -> polled::Server<RmcpHandler> {
    let counted = Arc::clone(alive);
    let handler = RmcpHandler::new(move || Ok(Counted::new(&counted)));
    let transport = SseServerTransport::new("/messages/", handler).unwrap();
    polled::Server::of(&transport.keep_alive(None))
}

/// A client of such a server.
pub(crate) struct Polled<'a, H: Handler = RmcpHandler> {
    pub(crate) server: &'a polled::Server<H>,
    pub(crate) uri: String,
    pub(crate) events: Events<SseBody<H::Future>>,
    pub(crate) last_id: i64,
}

impl<'a, H: Handler> Polled<'a, H> {
    /// Opens a session and makes the handshake.
    pub(crate) async fn connect(server: &'a polled::Server<H>) -> Self {
        let (uri, events) = server.open().into_events();
        let mut client = Self {
            server,
            uri,
            events,
            last_id: 0,
        };
        client.ask("initialize", initialize_params()).await;
        client.next().await;
        client
    }

    /// Calls a tool without arguments.
    pub(crate) async fn ask_tool(&mut self, name: &str) -> i64 {
        self.ask("tools/call", json!({"name": name})).await
    }

    pub(crate) async fn ask(&mut self, method: &str, params: Value) -> i64 {
        self.last_id += 1;
        let id = self.last_id;
        self.post(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .await;
        id
    }

    pub(crate) async fn cancel(&self, id: i64) {
        let params = json!({"requestId": id});
        let method = "notifications/cancelled";
        self.post(json!({"jsonrpc": "2.0", "method": method, "params": params}))
            .await;
    }

    pub(crate) async fn post(&self, message: Value) {
        let answer = self.server.post(&self.uri, message.to_string()).await;
        assert_eq!(answer.status(), 202);
    }

    pub(crate) async fn next(&mut self) -> Value {
        let event = self.events.next().await.expect("the stream continues");
        serde_json::from_str(&event.data).unwrap()
    }
}
