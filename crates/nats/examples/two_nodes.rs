//! Two or more nodes that relay over NATS: each accepts every `POST`.
//!
//! ```sh
//! apt-get install nats-server
//! nats-server &
//! cargo run -p mcp-sse-server-nats --example two_nodes
//! ```
//!
//! The same with all arguments. On other machines, use other names and the same URL of NATS:
//!
//! ```sh
//! cargo run -p mcp-sse-server-nats --example two_nodes -- \
//!     nats://127.0.0.1:4222 a1=127.0.0.1:8001 a2=127.0.0.1:8002
//! ```
//!
//! Open a stream at one node, and post to the other node with the path that the stream announced. The
//! response comes on the stream:
//!
//! ```sh
//! curl -N http://127.0.0.1:8001/sse
//! curl -i "http://127.0.0.1:8002$ANNOUNCED" -H 'content-type: application/json' \
//!     -d '{"jsonrpc":"2.0","id":1,"method":"ping"}'
//! ```
//!
//! On Ctrl-C the nodes end their streams and exit.

use std::{env, error::Error, future::IntoFuture, time::Duration};

use axum::{Router, serve::ListenerExt};
use mcp_sse_server::{Message, Session, SseServerTransport, session::SendError};
use mcp_sse_server_nats::{ConnectOptions, NatsRelay};
use serde_json::json;
use tokio::{net::TcpListener, signal, sync::oneshot, task::JoinSet, time::timeout};

type BoxError = Box<dyn Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let mut args = env::args().skip(1);
    let nats = args.next();
    let nats = nats.as_deref().unwrap_or("nats://127.0.0.1:4222");
    let mut nodes: Vec<String> = args.collect();
    if nodes.is_empty() {
        nodes = ["a1=127.0.0.1:8001", "a2=127.0.0.1:8002"]
            .map(String::from)
            .into();
    }
    let mut running = JoinSet::new();
    for node in nodes {
        let Some((name, address)) = node.split_once('=') else {
            return Err(
                format!("{node}: give a name and an address, such as a1=127.0.0.1:8001").into(),
            );
        };
        running.spawn(run(name.to_owned(), address.to_owned(), nats.to_owned()));
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}

/// Answers every request with an empty result.
async fn handle(mut session: Session) -> Result<(), SendError> {
    while let Some(incoming) = session.recv().await {
        // Notifications and responses need no answer.
        let Some(request) = incoming.message.as_request() else {
            continue;
        };
        let answer = request.response(&json!({})).unwrap_or_else(Message::from);
        session.send(answer).await?;
    }
    Ok(())
}

async fn run(name: String, address: String, nats: String) -> Result<(), BoxError> {
    let node = name.clone();
    let relay = NatsRelay::options()
        .on_event(move |event| println!("{node}: {event}"))
        .connect(&nats, ConnectOptions::new())
        .await?;
    let transport = SseServerTransport::new("/messages/", handle)?
        .node(&name)?
        .relay(relay.clone());
    let serving = tokio::spawn(relay.serve(transport.inbound()));

    let (sse, post) = transport.services();
    let sessions = transport.sessions();
    let app = Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post);
    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    println!(
        "{name}: MCP over HTTP+SSE at http://{}/sse",
        listener.local_addr()?
    );
    // Otherwise an event may wait 40 ms for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let (end, ended) = oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async { drop(ended.await) });
    let server = tokio::spawn(served.into_future());
    // If Ctrl-C cannot be handled, stop at once.
    let _ = signal::ctrl_c().await;
    sessions.shutdown().await;
    drop(end);
    // It would wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    serving.abort();
    Ok(())
}
