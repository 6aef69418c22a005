//! An rmcp handler over this crate, in an axum router.

use axum::{Router, serve::ListenerExt};

fn main() {
    peer::run(async |listener| {
        let (sse, messages) = peer_handler::transport().services();
        let app = Router::new()
            .route_service("/sse", sse)
            .route_service("/messages", messages);
        let listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        axum::serve(listener, app).await
    });
}
