use std::fmt;

use tower::Layer;

use crate::{post::PostService, sse::SseService};

use super::{paths::Paths, service::McpSse};

/// Puts the transport before a service. See the [module docs](crate::mount).
///
/// Made by [`SseServerTransport::layer`](crate::SseServerTransport::layer) and
/// [`SseServerTransport::one_url_layer`](crate::SseServerTransport::one_url_layer).
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
