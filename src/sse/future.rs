use std::{
    convert::Infallible,
    fmt,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;

use super::body::SseBody;

/// The response of an [`SseService`](super::SseService). It is ready at once.
///
/// # Cancel safety
///
/// The session is opened before the future is first polled. If the future is dropped before it completes,
/// the session is closed.
#[must_use = "dropping the response closes the session that it opened"]
pub struct ResponseFuture<F> {
    response: Ready<Result<Response<SseBody<F>>, Infallible>>,
}

impl<F> ResponseFuture<F> {
    pub(super) fn new(response: Response<SseBody<F>>) -> Self {
        Self {
            response: ready(Ok(response)),
        }
    }
}

impl<F> Future for ResponseFuture<F> {
    type Output = Result<Response<SseBody<F>>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.response).poll(cx)
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
