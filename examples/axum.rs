//! The same MCP server in an axum router, nested under `/api`.
//!
//! ```sh
//! cargo run --example axum                      # http://127.0.0.1:8000/api/sse
//! cargo run --example axum -- 127.0.0.1:9000    # another address
//! ```
//!
//! Web pages of this machine may use the server from their own origin, such as the page of
//! `examples/browser`. Ctrl-C ends the open streams, waits for open requests, and stops the server.

use std::{error::Error, future::IntoFuture, time::Duration};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, Uri, header::WWW_AUTHENTICATE},
    middleware,
    response::Response,
    routing::get,
    serve::ListenerExt,
};
use mcp_sse_server::{MountPath, RejectionKind, SseServerTransport};
use mcp_sse_testkit::demo;
use tokio::{net::TcpListener, signal, sync::oneshot, time::timeout};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The origins whose pages may read responses. The transport's `TransportSecurity` decides which pages may
/// send requests. Its default allows the same origins.
fn is_loopback(origin: &HeaderValue) -> bool {
    let origin = Uri::try_from(origin.as_bytes());
    let host = origin.as_ref().ok().and_then(Uri::host);
    matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// Prints a refused host. The crate itself logs refusals with the feature `tracing` only.
async fn report(response: Response) -> Response {
    if response.extensions().get() == Some(&RejectionKind::HostNotAllowed) {
        eprintln!("refused a host: TransportSecurity::allow_host allows more than loopback");
    }
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());

    // `nest` removes `/api` from the path before the services see it, so announce it to clients.
    let transport =
        SseServerTransport::new("/messages/", demo::serve)?.mount_path(MountPath::new("/api")?);
    let (sse, post) = transport.services();
    let sessions = transport.sessions();

    let api = Router::new()
        .route_service("/sse", sse)
        // Both spellings: clients lose bodies and credentials on a redirect.
        .route_service("/messages/", post.clone())
        .route_service("/messages", post);
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(|origin, _| is_loopback(origin)))
        // Only Streamable HTTP needs `DELETE` and `mcp-session-id`. A server that has both can use the same layer.
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        // Clients send `mcp-protocol-version`, `authorization` and more, and new ones with each version.
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([HeaderName::from_static("mcp-session-id"), WWW_AUTHENTICATE]);
    let app = Router::new()
        .nest("/api", api)
        .layer(middleware::map_response(report))
        .layer(cors)
        .route("/", get(|| async { "MCP over HTTP+SSE at /api/sse\n" }));

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    println!(
        "MCP over HTTP+SSE at http://{}/api/sse",
        listener.local_addr()?
    );
    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    // Otherwise an event may wait 40 ms for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let (stop, stopped) = oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(served.into_future());
    // If the signal handler cannot be installed, the server stops at once.
    let _ = signal::ctrl_c().await;
    // The graceful shutdown would wait for open streams without end.
    sessions.shutdown().await;
    drop(stop);
    // It would also wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    Ok(())
}
