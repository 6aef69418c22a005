//! The same MCP server in an axum router, nested under `/api`.
//!
//! ```sh
//! cargo run --example axum                      # http://127.0.0.1:8000/api/sse
//! cargo run --example axum -- 127.0.0.1:9000    # another address
//! ```
//!
//! Ctrl-C ends the open streams, waits for requests that are still on their way, and stops.

mod mcp;

use std::error::Error;

use axum::{Router, routing::get};
use mcp_sse_server::{MountPath, SseServerTransport};
use tokio::{net::TcpListener, signal};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());

    // `nest` takes `/api` off the path before the services see it: clients must be told of it.
    let transport =
        SseServerTransport::new("/messages/", mcp::serve)?.mount_path(MountPath::new("/api")?);
    let (sse, post) = transport.services();
    let sessions = transport.sessions();

    let api = Router::new()
        .route_service("/sse", sse)
        // Both spellings: a redirect from one to the other would lose bodies and credentials.
        .route_service("/messages/", post.clone())
        .route_service("/messages", post);
    let app = Router::new()
        .nest("/api", api)
        .route("/", get(|| async { "MCP over HTTP+SSE at /api/sse\n" }));

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    println!(
        "MCP over HTTP+SSE at http://{}/api/sse",
        listener.local_addr()?
    );
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            // No signal handler, no graceful end: then the server stops at once.
            let _ = signal::ctrl_c().await;
            // Open streams would hold the graceful shutdown up for ever.
            sessions.shutdown().await;
        })
        .await?;
    Ok(())
}
