//! Reads the rest of a refused body.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    body::{Body, Bytes},
    extract::Request,
    middleware::Next,
    response::Response,
};
use futures_util::StreamExt;
use http::header::EXPECT;
use hyper::body::{Body as _, Frame, SizeHint};
use mcp_sse_server::response::RejectionKind;
use tokio::time::timeout;

// The bounds of the transport for the bodies that it refuses.
const BYTES: usize = 16 * 1024 * 1024;
const TIME: Duration = Duration::from_secs(10);
const SILENCE: Duration = Duration::from_millis(500);

/// Sends a refusal when the rest of the request's body was read: a server that closes a connection on unread bytes
/// resets it, and the client may lose the answer. The transport does it for its own refusals.
pub(super) async fn drain(request: Request, next: Next) -> Response {
    // A client that sent `Expect: 100-continue` sends no body after a final response.
    if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
        return next.run(request).await;
    }
    let rest = Rest::default();
    let response = next
        .run(request.map(|body| {
            Body::new(Lent {
                body,
                rest: Arc::clone(&rest),
            })
        }))
        .await;
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    if is_refusal && response.extensions().get::<RejectionKind>().is_none() {
        let rest = rest.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(rest) = rest {
            throw_away(rest).await;
        }
    }
    response
}

async fn throw_away(body: Body) {
    let mut left = BYTES;
    let mut parts = body.into_data_stream();
    let read = async {
        while let Ok(Some(Ok(part))) = timeout(SILENCE, parts.next()).await {
            left = left.saturating_sub(part.len());
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(TIME, read).await;
}

/// What a service left of a body.
type Rest = Arc<Mutex<Option<Body>>>;

/// A body that a service may read. When the service drops it, the rest comes back.
struct Lent {
    body: Body,
    rest: Rest,
}

impl Drop for Lent {
    fn drop(&mut self) {
        let body = std::mem::take(&mut self.body);
        *self.rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
    }
}

impl hyper::body::Body for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
