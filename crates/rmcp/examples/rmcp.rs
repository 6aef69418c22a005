//! Serves one rmcp handler over HTTP+SSE and over Streamable HTTP.
//!
//! ```sh
//! cargo run -p mcp-sse-server-rmcp --example rmcp                      # http://127.0.0.1:8000
//! cargo run -p mcp-sse-server-rmcp --example rmcp -- 127.0.0.1:9000    # another address
//! ```
//!
//! | path | transport |
//! |---|---|
//! | `/sse` | HTTP+SSE; clients post to `/messages/` |
//! | `/mcp` | Streamable HTTP |
//! | `/both` | both |
//!
//! All sessions share their notes. On Ctrl-C the server lets open requests finish, ends the streams and
//! exits.

mod everything;

use std::{error::Error, future::IntoFuture, sync::Arc, time::Duration};

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, Uri, header::WWW_AUTHENTICATE},
    middleware,
    response::Response,
    routing::get,
    serve::ListenerExt,
};
use everything::{Everything, Notes};
use mcp_sse_server::{RejectionKind, SseServerTransport};
use mcp_sse_server_rmcp::RmcpHandler;
use rmcp::transport::{
    StreamableHttpServerConfig, StreamableHttpService,
    streamable_http_server::session::local::LocalSessionManager,
};
use tokio::{net::TcpListener, signal, sync::oneshot, time::timeout};
use tower::Layer;
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

/// The pages of this machine may read responses. Both transports check the origin by themselves, too.
fn cors() -> CorsLayer {
    let is_loopback = |origin: &HeaderValue, _: &_| {
        let origin = Uri::try_from(origin.as_bytes());
        let host = origin.as_ref().ok().and_then(Uri::host);
        matches!(host, Some("localhost" | "127.0.0.1" | "[::1]"))
    };
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_loopback))
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([HeaderName::from_static("mcp-session-id"), WWW_AUTHENTICATE])
}

/// Prints a refused host. The transport itself logs refusals with the feature `tracing` only.
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

    // Makes the service of each session, for both transports.
    let notes = Arc::new(Notes::default());
    let factory = move || Ok(Everything::new(Arc::clone(&notes)));

    let config = StreamableHttpServerConfig::default();
    let stop = config.cancellation_token.clone();
    let streamable = StreamableHttpService::new(
        factory.clone(),
        Arc::new(LocalSessionManager::default()),
        config,
    );

    let old = SseServerTransport::new("/messages/", RmcpHandler::new(factory.clone()))?;
    let (sse, post) = old.services();
    let both = SseServerTransport::new("/both", RmcpHandler::new(factory))?;
    let sessions = [old.sessions(), both.sessions()];

    let app = Router::new()
        .route("/", get(|| async { "MCP at /mcp, /sse and /both\n" }))
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post)
        .route_service(
            "/both",
            both.shared_layer("/both")?.layer(streamable.clone()),
        )
        .route_service("/mcp", streamable)
        .layer(middleware::map_response(report))
        .layer(cors());

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    println!("MCP at http://{}", listener.local_addr()?);
    // Otherwise an event may wait 40 ms for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let (end, ended) = oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async { drop(ended.await) });
    let server = tokio::spawn(served.into_future());
    // If Ctrl-C cannot be handled, stop at once.
    let _ = signal::ctrl_c().await;
    // axum waits for open streams, which would never end by themselves.
    let [old, both] = sessions.map(|sessions| sessions.shutdown().into_future());
    tokio::join!(old, both);
    stop.cancel();
    drop(end);
    // It would also wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    Ok(())
}
