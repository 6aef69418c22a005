//! The same MCP server in an axum router, nested under `/api`.
//!
//! ```sh
//! cargo run --example axum                      # http://127.0.0.1:8000/api/sse
//! cargo run --example axum -- 127.0.0.1:9000    # another address
//! ```
//!
//! Pages of this machine may use it from their own origin, such as that of `examples/browser`. Ctrl-C
//! ends the open streams, waits for requests that are still on their way, and stops.

use std::error::Error;

use axum::{
    Router,
    http::{HeaderValue, Method, Uri, header::CONTENT_TYPE},
    routing::get,
};
use mcp_sse_server::{MountPath, SseServerTransport};
use mcp_sse_testkit::demo;
use tokio::{net::TcpListener, signal};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Whose pages may read the answers. Whose pages may use the server at all is for the transport to say,
/// by its `TransportSecurity`: without a word, it says the same.
fn is_loopback(origin: &HeaderValue) -> bool {
    let origin = Uri::try_from(origin.as_bytes());
    let host = origin.as_ref().ok().and_then(Uri::host);
    matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());

    // `nest` takes `/api` off the path before the services see it: clients must be told of it.
    let transport =
        SseServerTransport::new("/messages/", demo::serve)?.mount_path(MountPath::new("/api")?);
    let (sse, post) = transport.services();
    let sessions = transport.sessions();

    let api = Router::new()
        .route_service("/sse", sse)
        // Both spellings: a redirect from one to the other would lose bodies and credentials.
        .route_service("/messages/", post.clone())
        .route_service("/messages", post);
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, _| is_loopback(origin)))
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([CONTENT_TYPE]);
    let app = Router::new()
        .nest("/api", api)
        .layer(cors)
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
