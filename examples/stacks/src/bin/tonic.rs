//! A complete MCP server beside gRPC services, on tonic's own server.
//!
//! ```sh
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin tonic
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin tonic -- 127.0.0.1:9000
//! ```
//!
//! Then, in another terminal:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl -N --http2-prior-knowledge http://127.0.0.1:8000/sse
//! ```
//!
//! The gRPC service at the same address is the health check. Ctrl-C ends the open streams, waits for open
//! calls, and stops the server.

use std::{error::Error, time::Duration};

use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::demo;
use tokio::{net::TcpListener, signal, sync::oneshot, time::timeout};
use tonic::transport::{Server, server::TcpIncoming};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let transport = SseServerTransport::new("/messages/", demo::serve)?;
    let sessions = transport.sessions();
    let (_reporter, health) = tonic_health::server::health_reporter();

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    let url = format!("http://{}/sse", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {url}");

    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    let (stop, stopped) = oneshot::channel::<()>();
    let served = Server::builder()
        // gRPC needs HTTP/2, but most clients of this transport speak HTTP/1.1.
        .accept_http1(true)
        .layer(transport.layer("/sse")?)
        .add_service(health)
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            async { drop(stopped.await) },
        );
    let server = tokio::spawn(served);
    // If the signal handler cannot be installed, the server stops at once.
    let _ = signal::ctrl_c().await;
    // The graceful shutdown would wait for open streams without end.
    sessions.shutdown().await;
    drop(stop);
    // It would also wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    Ok(())
}
