use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use crate::{post, sse};

use super::body::McpSseBody;

pin_project! {
    /// The response of a [`McpSse`](super::McpSse): a stream, the answer to a `POST`, or the response of
    /// the inner service.
    ///
    /// # Cancel safety
    ///
    /// If it is dropped before it completes, the session is closed or the message is not delivered, as
    /// [`sse::ResponseFuture`] and [`post::ResponseFuture`] say. For the inner service, its own future
    /// decides.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, B, I> {
        #[pin]
        from: From<F, B, I>,
    }
}

pin_project! {
    #[project = FromProj]
    enum From<F, B, I> {
        Stream { #[pin] future: sse::ResponseFuture<F, B> },
        Messages { #[pin] future: post::ResponseFuture<B> },
        Inner { #[pin] future: I },
    }
}

impl<F, B, I> ResponseFuture<F, B, I> {
    pub(super) fn stream(future: sse::ResponseFuture<F, B>) -> Self {
        let from = From::Stream { future };
        Self { from }
    }

    pub(super) fn messages(future: post::ResponseFuture<B>) -> Self {
        let from = From::Messages { future };
        Self { from }
    }

    pub(super) fn inner(future: I) -> Self {
        let from = From::Inner { future };
        Self { from }
    }
}

impl<F, B, I, R, E> Future for ResponseFuture<F, B, I>
where
    B: Body,
    I: Future<Output = Result<Response<R>, E>>,
    R: Body<Data = Bytes>,
{
    type Output = Result<Response<McpSseBody<F, R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().from.project() {
            FromProj::Stream { future } => {
                let Ok(response) = ready!(future.poll(cx));
                Ok(response.map(McpSseBody::stream))
            }
            FromProj::Messages { future } => {
                let Ok(response) = ready!(future.poll(cx));
                Ok(response.map(McpSseBody::messages))
            }
            FromProj::Inner { future } => {
                ready!(future.poll(cx)).map(|response| response.map(McpSseBody::inner))
            }
        })
    }
}

impl<F, B, I> fmt::Debug for ResponseFuture<F, B, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match &self.from {
            From::Stream { .. } => "stream",
            From::Messages { .. } => "messages",
            From::Inner { .. } => "inner",
        };
        f.debug_tuple("ResponseFuture").field(&from).finish()
    }
}
