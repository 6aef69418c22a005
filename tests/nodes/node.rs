//! A node: plain hyper, with a name.

use std::{convert::Infallible, future::pending, time::Duration};

use http::Request;
use http_body_util::BodyExt;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use mcp_sse_server::{Message, Session, SseServerTransport};
use tokio::{net::TcpListener, time::sleep};
use tower::{Service, service_fn};

use crate::process::Process;

/// The name of a node.
const NAME: &str = "NODE_NAME";

pub(crate) fn answer(id: impl std::fmt::Display) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
}

async fn handle(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let Some(id) = incoming.message.id() else {
            continue;
        };
        match incoming.message.method() {
            // Never takes another message.
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

/// Starts a node, in a process of its own.
pub(crate) fn start(name: &str) -> (Process, std::net::SocketAddr) {
    Process::serve("", &[(NAME, name.to_owned())])
}

pub(crate) fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let name = std::env::var(NAME).unwrap();
        let transport = SseServerTransport::new("/messages/", handle).unwrap();
        let transport = transport.node(name).unwrap();
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
