//! This crate in an axum router, with its defaults.

use axum::{Router, body::Bytes, http::StatusCode, routing::post, serve::ListenerExt};
use mcp_sse_server::SseServerTransport;

fn main() {
    peer::run(async |listener| {
        let transport =
            SseServerTransport::new("/messages", peer_this::echo).expect("a plain path");
        let sessions = transport.sessions();
        let broadcast = async move |text: Bytes| match peer_this::broadcast(&sessions, text) {
            true => StatusCode::ACCEPTED,
            false => StatusCode::BAD_REQUEST,
        };
        let (sse, messages) = transport.services();
        let app = Router::new()
            .route_service("/sse", sse)
            .route_service("/messages", messages)
            .route("/broadcast", post(broadcast));
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await
    });
}
