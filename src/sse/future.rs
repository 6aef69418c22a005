use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::drain::Drain;

use super::body::SseBody;

pin_project! {
    /// The response of an [`SseService`](super::SseService). It is ready at once, unless the request is refused and
    /// its body has not arrived.
    ///
    /// # Cancel safety
    ///
    /// The session is opened before the future is first polled. If the future is dropped before it completes,
    /// the session is closed.
    #[must_use = "dropping the response closes the session that it opened"]
    pub struct ResponseFuture<F, B> {
        response: Option<Response<SseBody<F>>>,
        #[pin]
        refused: Option<Refused<B>>,
    }
}

pin_project! {
    /// A body that is read to its end before the refusal.
    struct Refused<B> {
        #[pin]
        body: B,
        drain: Drain,
    }
}

impl<F, B: Body> ResponseFuture<F, B> {
    /// `refused` is the body of a refused request, if it must be read.
    pub(super) fn new(response: Response<SseBody<F>>, refused: Option<B>) -> Self {
        Self {
            response: Some(response),
            refused: refused.map(|body| Refused {
                body,
                drain: Drain::new(),
            }),
        }
    }
}

impl<F, B: Body> Future for ResponseFuture<F, B> {
    type Output = Result<Response<SseBody<F>>, Infallible>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(refused) = this.refused.as_mut().as_pin_mut() {
            let refused = refused.project();
            ready!(refused.drain.poll_drain(cx, refused.body));
            this.refused.set(None);
        }
        Poll::Ready(Ok(this.response.take().expect("polled after completion")))
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
