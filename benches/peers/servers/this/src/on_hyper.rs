//! A transport on plain hyper with its defaults: host and origin checks, the parser, bounds on all queues, and
//! the keep-alive.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use mcp_sse_server::{Handler, SessionRegistry, SseServerTransport};
use tower::{Layer, service_fn};

/// Serves a handler.
pub fn serve<H>(handler: H)
where
    H: Handler<Future: Send> + Clone + Send + Sync + 'static,
{
    let transport = SseServerTransport::new("/messages", handler).expect("a plain path");
    let sessions = transport.sessions();
    let inner = service_fn(move |request| broadcast(sessions.clone(), request));
    let app = transport.layer("/sse").expect("a plain path").layer(inner);
    peer::run(|listener| {
        peer::accept(listener, move |stream| {
            let service = TowerToHyperService::new(app.clone());
            tokio::spawn(async move {
                // A lost connection is normal.
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        })
    });
}

/// Answers requests for all other paths.
async fn broadcast(
    sessions: SessionRegistry,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let text = request.into_body().collect().await;
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::BAD_REQUEST;
    if text.is_ok_and(|text| crate::broadcast(&sessions, text.to_bytes())) {
        *response.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(response)
}
