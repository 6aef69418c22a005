use std::{
    fmt,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::{Layer, Service};

use crate::{handler::Handler, post::PostService, sse::SseService};

use super::{
    body::McpSseBody,
    future::ResponseFuture,
    paths::{Paths, Target},
};

/// Puts the transport in front of a service. See the [module docs](crate::layer).
///
/// [`SseServerTransport::layer`](crate::SseServerTransport::layer) and
/// [`SseServerTransport::shared_layer`](crate::SseServerTransport::shared_layer) make it.
#[must_use = "a layer does nothing until it wraps a service"]
pub struct McpSseLayer<H> {
    sse: SseService<H>,
    post: PostService,
    paths: Paths,
}

impl<H> McpSseLayer<H> {
    pub(crate) fn new((sse, post): (SseService<H>, PostService), paths: Paths) -> Self {
        Self { sse, post, paths }
    }
}

impl<H, S> Layer<S> for McpSseLayer<H> {
    type Service = McpSse<H, S>;

    fn layer(&self, inner: S) -> McpSse<H, S> {
        let Self { sse, post, paths } = self.clone();
        McpSse::new(sse, post, paths, inner)
    }
}

impl<H> Clone for McpSseLayer<H> {
    fn clone(&self) -> Self {
        Self {
            sse: self.sse.clone(),
            post: self.post.clone(),
            paths: self.paths.clone(),
        }
    }
}

impl<H> fmt::Debug for McpSseLayer<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sse, post, paths } = self;
        f.debug_struct("McpSseLayer")
            .field("sse", sse)
            .field("post", post)
            .field("paths", paths)
            .finish()
    }
}

/// The transport in front of an inner service. See the [module docs](crate::layer).
///
/// It is ready when the inner service is ready. The inner service may reserve a resource in `poll_ready`,
/// such as a permit of a concurrency limit. If the transport answers the request itself, the reservation
/// stays with this clone until the next request for the inner service, or until the clone is dropped.
/// hyper-util and axum clone the service for each request, and drop the clone afterwards.
pub struct McpSse<H, S> {
    sse: SseService<H>,
    post: PostService,
    paths: Paths,
    inner: S,
}

impl<H, S> McpSse<H, S> {
    pub(super) fn new(sse: SseService<H>, post: PostService, paths: Paths, inner: S) -> Self {
        Self {
            sse,
            post,
            paths,
            inner,
        }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<H, S, B, R> Service<Request<B>> for McpSse<H, S>
where
    H: Handler,
    S: Service<Request<B>, Response = Response<R>>,
    B: Body,
    R: Body<Data = Bytes>,
{
    type Response = Response<McpSseBody<H::Future, R>>;
    type Error = S::Error;
    type Future = ResponseFuture<H::Future, B, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.paths.target(&request) {
            Target::Stream => ResponseFuture::stream(self.sse.call(request)),
            Target::Messages => ResponseFuture::messages(self.post.call(request)),
            Target::Inner => ResponseFuture::inner(self.inner.call(request)),
        }
    }
}

impl<H, S: Clone> Clone for McpSse<H, S> {
    fn clone(&self) -> Self {
        Self {
            sse: self.sse.clone(),
            post: self.post.clone(),
            paths: self.paths.clone(),
            inner: self.inner.clone(),
        }
    }
}

impl<H, S: fmt::Debug> fmt::Debug for McpSse<H, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sse,
            post,
            paths,
            inner,
        } = self;
        f.debug_struct("McpSse")
            .field("sse", sse)
            .field("post", post)
            .field("paths", paths)
            .field("inner", inner)
            .finish()
    }
}
