//! A node: a hyper server in a process of its own.

use std::{future::pending, net::SocketAddr, time::Duration};

use async_nats::ConnectOptions;
use mcp_sse_server::{Message, Session, SseServerTransport};
use mcp_sse_server_nats::NatsRelay;
use mcp_sse_testkit::{
    process::Process,
    server::{routes, serve},
};
use tokio::{net::TcpListener, time::sleep};

/// The name of a node.
const NAME: &str = "NODE_NAME";
/// The URL of NATS, if the node has a relay.
const NATS: &str = "NODE_NATS";
/// The user of NATS, if the node has one.
const USER: &str = "NODE_USER";

pub(crate) fn answer(id: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
}

async fn handle(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let Some(id) = incoming.message.id() else {
            continue;
        };
        match incoming.message.method() {
            // Receives no further message.
            Some("deaf") => pending().await,
            Some("slow") => sleep(Duration::from_millis(300)).await,
            _ => {}
        }
        let answer = Message::parse(answer(id)).unwrap();
        if session.send(answer).await.is_err() {
            return;
        }
    }
}

/// Starts a node without a relay.
pub(crate) fn start(name: &str) -> (Process, SocketAddr) {
    Process::serve("", &[(NAME, name.to_owned())])
}

/// Starts a node that relays over the NATS server at that address.
pub(crate) fn start_with_relay(name: &str, nats: SocketAddr) -> (Process, SocketAddr) {
    let nats = format!("nats://{nats}");
    Process::serve("", &[(NAME, name.to_owned()), (NATS, nats)])
}

/// Starts such a node with the credentials of a NATS user, whose inbox prefix has its name.
pub(crate) fn start_as(name: &str, user: &str, nats: SocketAddr) -> (Process, SocketAddr) {
    let nats = format!("nats://{nats}");
    let user = user.to_owned();
    Process::serve("", &[(NAME, name.to_owned()), (NATS, nats), (USER, user)])
}

fn connect_options() -> ConnectOptions {
    match std::env::var(USER) {
        Ok(user) => ConnectOptions::new()
            .custom_inbox_prefix(format!("_INBOX.{user}"))
            .user_and_password(user, "x".to_owned()),
        Err(_) => ConnectOptions::new(),
    }
}

pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let name = std::env::var(NAME).unwrap();
        let transport = SseServerTransport::new("/messages/", handle).unwrap();
        let mut transport = transport.node(name).unwrap();
        if let Ok(nats) = std::env::var(NATS) {
            let relay = NatsRelay::options().on_event(|event| println!("event: {event}"));
            let relay = relay.connect(nats, connect_options()).await.unwrap();
            transport = transport.relay(relay.clone());
            tokio::spawn(relay.serve(transport.inbound()));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on {}", listener.local_addr().unwrap());
        serve(listener, routes(&transport)).await;
    });
}
