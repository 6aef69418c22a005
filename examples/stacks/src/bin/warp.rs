//! A complete MCP server in front of warp's filters.
//!
//! ```sh
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin warp
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin warp -- 127.0.0.1:9000
//! ```
//!
//! Then, in another terminal:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl http://127.0.0.1:8000/hello/warp
//! ```
//!
//! Ctrl-C ends the open streams, waits for open requests, and stops the server.

use std::{error::Error, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::demo;
use tokio::{net::TcpListener, signal};
use tower::Layer;
use warp::Filter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let transport = SseServerTransport::new("/messages/", demo::serve)?;

    let filter = warp::path!("hello" / String).map(|name| format!("Hello, {name}!\n"));
    // The filters become a tower service, with the transport in front of it. `warp::serve` takes filters
    // only, so hyper serves the connections, as it does inside warp.
    let app = transport.layer("/sse")?.layer(warp::service(filter));
    let service = TowerToHyperService::new(app);

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    let url = format!("http://{}/sse", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {url}");

    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new());
    let connections = GracefulShutdown::new();
    // One for all turns: a new one would miss a signal that came before it.
    let mut stop = std::pin::pin!(signal::ctrl_c());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let io = TokioIo::new(stream);
                    let connection = server.serve_connection(io, service.clone());
                    // A lost connection is normal, do not log it.
                    tokio::spawn(connections.watch(connection.into_owned()));
                }
                Err(error) => {
                    // Such as too many open files: this is temporary, so the server must continue.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = &mut stop => break,
        }
    }
    // The graceful shutdown would wait for open streams without end.
    transport.sessions().shutdown().await;
    // It would also wait for clients that do not read. They are cut when `main` returns.
    let _ = tokio::time::timeout(Duration::from_secs(5), connections.shutdown()).await;
    Ok(())
}
