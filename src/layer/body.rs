use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::{handler::HandlerOutput, post::PostBody, sse::SseBody};

pin_project! {
    /// The body of a [`McpSse`](super::McpSse) response: a stream, the answer to a `POST`, or the body of
    /// the inner service.
    pub struct McpSseBody<F, R> {
        #[pin]
        from: From<F, R>,
    }
}

pin_project! {
    #[project = FromProj]
    enum From<F, R> {
        Stream { #[pin] body: SseBody<F> },
        Messages { #[pin] body: PostBody },
        Inner { #[pin] body: R },
    }
}

impl<F, R> McpSseBody<F, R> {
    pub(super) fn stream(body: SseBody<F>) -> Self {
        let from = From::Stream { body };
        Self { from }
    }

    pub(super) fn messages(body: PostBody) -> Self {
        let from = From::Messages { body };
        Self { from }
    }

    pub(super) fn inner(body: R) -> Self {
        let from = From::Inner { body };
        Self { from }
    }
}

/// An empty body, for middleware that answers without calling the service.
impl<F, R> Default for McpSseBody<F, R> {
    fn default() -> Self {
        Self::messages(PostBody::default())
    }
}

impl<F, R> Body for McpSseBody<F, R>
where
    F: Future<Output: HandlerOutput>,
    R: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = R::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, R::Error>>> {
        match self.project().from.project() {
            FromProj::Stream { body } => body
                .poll_frame(cx)
                .map_err(|never: std::convert::Infallible| match never {}),
            FromProj::Messages { body } => body
                .poll_frame(cx)
                .map_err(|never: std::convert::Infallible| match never {}),
            FromProj::Inner { body } => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.from {
            From::Stream { body } => body.is_end_stream(),
            From::Messages { body } => body.is_end_stream(),
            From::Inner { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.from {
            From::Stream { body } => body.size_hint(),
            From::Messages { body } => body.size_hint(),
            From::Inner { body } => body.size_hint(),
        }
    }
}

impl<F, R> fmt::Debug for McpSseBody<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = match &self.from {
            From::Stream { .. } => "stream",
            From::Messages { .. } => "messages",
            From::Inner { .. } => "inner",
        };
        f.debug_tuple("McpSseBody").field(&from).finish()
    }
}
