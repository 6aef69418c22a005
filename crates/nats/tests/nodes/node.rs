//! A node: a hyper server in a process of its own.

use std::{convert::Infallible, future::pending, net::SocketAddr, time::Duration};

use async_nats::ConnectOptions;
use http::Request;
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use mcp_sse_server::{Message, Session, SseServerTransport};
use mcp_sse_server_nats::NatsRelay;
use tokio::{net::TcpListener, time::sleep};
use tower::{Service, service_fn};

use crate::process::Process;

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
        let (sse, post) = transport.services();
        let app = service_fn(move |request: Request<Incoming>| {
            let (mut sse, mut post) = (sse.clone(), post.clone());
            async move {
                Ok::<_, Infallible>(match request.uri().path() {
                    "/sse" => sse.call(request).await?.map(BodyExt::boxed_unsync),
                    _ => post.call(request).await?.map(BodyExt::boxed_unsync),
                })
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("listening on {}", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let _ = stream.set_nodelay(true);
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new());
            let service = TowerToHyperService::new(app.clone());
            tokio::spawn(http.serve_connection(TokioIo::new(stream), service));
        }
    });
}
