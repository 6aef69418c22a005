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
//! The gRPC service is that of health checks, at the same address. Ctrl-C ends the open streams, waits
//! for calls that are still on their way, and stops.

use std::error::Error;

use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::demo;
use tokio::{net::TcpListener, signal};
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

    Server::builder()
        // gRPC is HTTP/2 alone, most clients of this transport speak HTTP/1.1.
        .accept_http1(true)
        .layer(transport.layer("/sse")?)
        .add_service(health)
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            async move {
                // No signal handler, no graceful end: then the server stops at once.
                let _ = signal::ctrl_c().await;
                // Open streams would hold the graceful shutdown up for ever.
                sessions.shutdown().await;
            },
        )
        .await?;
    Ok(())
}
