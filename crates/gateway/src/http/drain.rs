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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use axum::{Extension, Router, middleware::from_fn};
    use futures_util::stream;
    use http::StatusCode;
    use tokio::time::{Instant, sleep};
    use tower::ServiceExt;

    use super::*;

    /// How long the answer to a request with a body of `parts` takes, and how many bytes are read. Each part of
    /// 512 KiB comes after `pause`.
    async fn ask(router: Router, expect: &str, parts: usize, pause: Duration) -> (Duration, usize) {
        let (seen, mut read) = tokio::sync::watch::channel(0);
        let body = stream::unfold((seen, parts), move |(seen, left)| async move {
            if left == 0 {
                return None;
            }
            sleep(pause).await;
            seen.send_modify(|read| *read += PART);
            Some((Ok::<_, Infallible>(vec![0; PART]), (seen, left - 1)))
        });
        let mut request = Request::new(Body::from_stream(body));
        if !expect.is_empty() {
            request
                .headers_mut()
                .insert(EXPECT, expect.parse().unwrap());
        }
        let start = Instant::now();
        let _ = router.layer(from_fn(drain)).oneshot(request).await;
        (start.elapsed(), *read.borrow_and_update())
    }

    const PART: usize = 512 * 1024;

    fn refusing() -> Router {
        Router::new().fallback(async || StatusCode::NOT_FOUND)
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_body_is_read_up_to_each_bound() {
        let ms = Duration::from_millis;
        for (parts, pause, took, read) in [
            (3, ms(400), ms(1_200), 3),
            // The bounds of the silence, of the whole, and of the bytes.
            (3, ms(60_000), SILENCE, 0),
            (1_000, ms(499), TIME, 20),
            (1_000, ms(1), ms(32), 32),
        ] {
            let (found, bytes) = ask(refusing(), "", parts, pause).await;
            assert_eq!(bytes, read * PART, "{parts} parts, each after {pause:?}");
            // Tokio's timers may be late by 1 ms each.
            let late = ms(2 * (read as u64 + 1));
            assert!(
                (took..=took + late).contains(&found),
                "{found:?} for {parts} parts, each after {pause:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_is_not_read_that_does_not_come_or_that_others_have_read() {
        let accepting = Router::new().fallback(async || StatusCode::ACCEPTED);
        let of_transport = Router::new().fallback(async || {
            let kind = Extension(RejectionKind::SessionNotFound);
            (StatusCode::NOT_FOUND, kind)
        });
        for (router, expect) in [
            (refusing(), "100-continue"),
            (accepting, ""),
            (of_transport, ""),
        ] {
            let asked = ask(router, expect, 3, Duration::from_millis(10)).await;
            assert_eq!(asked, (Duration::ZERO, 0));
        }
    }
}
