use std::{
    any::type_name,
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response,
    header::{CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};
use http_body::Body;
use tower::Service;

use crate::{
    caught::caught,
    drain::Drain,
    endpoint::announce,
    event,
    handler::Handler,
    options::Options,
    response::{Rejection, RejectionKind},
    session::{CloseReason, SessionRegistry, head_weight},
};

use super::{body::SseBody, future::ResponseFuture, stream::Stream};

/// A session keeps the head of its `GET`. Servers accept heads of this size by default, hyper accepts more.
const MAX_HEAD: usize = 64 * 1024;

/// Answers `GET` with the stream of a new session.
///
/// [`SseServerTransport::services`](crate::SseServerTransport::services) makes it. It does not check the
/// path of a request. `HEAD` gets the head of a stream and opens no session. Any other method gets 405 with
/// `allow: GET, HEAD`: a client that tries Streamable HTTP first then falls back to this transport. A `GET` whose
/// head takes more than 64 KiB of memory gets 431. The body of a refused request is read and discarded, up to 16 MiB and
/// for at most 10 s.
///
/// A clone is cheap and serves the same sessions.
///
/// # Panics
///
/// The keep-alive and the timeouts need tokio's timer. Unless they are all off, `call` panics outside a
/// tokio runtime with time enabled. So does the future of a refused request whose body has not arrived.
pub struct SseService<H> {
    shared: Arc<Shared<H>>,
}

struct Shared<H> {
    handler: Arc<H>,
    registry: SessionRegistry,
    options: Arc<Options>,
}

impl<H> SseService<H> {
    pub(crate) fn new(handler: Arc<H>, registry: SessionRegistry, options: Arc<Options>) -> Self {
        let shared = Shared {
            handler,
            registry,
            options,
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl<H: Handler> Shared<H> {
    /// Opens a session for a `GET`. A `HEAD` opens none.
    #[expect(clippy::type_complexity, reason = "the result of one private function")]
    fn open(&self, mut parts: Parts) -> Result<Option<Pin<Box<Stream<H::Future>>>>, Rejection> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Err(Rejection::method("GET, HEAD"));
        }
        let options = &self.options;
        options.security.check(&parts.uri, &parts.headers)?;
        if parts.method == Method::HEAD {
            return Ok(None);
        }
        if let Some(identify) = &options.identify {
            identify.0(&mut parts.extensions);
        }
        let head = head_weight(&parts);
        if head > MAX_HEAD {
            let detail = format!("it takes {head} bytes, a session keeps at most {MAX_HEAD}");
            return Err(Rejection::from(RejectionKind::HeadTooLarge).with_detail(detail));
        }
        let mount = parts.extensions.get().unwrap_or(&options.mount_path);
        let (mount, uri) = (
            mount.clone(),
            options.carry_query.then(|| parts.uri.clone()),
        );
        let (session, guard) = self.registry.open(parts, options)?;
        let query = uri.as_ref().and_then(|uri| uri.query());
        let id = session.id().uuid();
        let uri = announce(&mount, &options.endpoint, id, options.node.as_ref(), query);
        // Unwind safe: a handler that panics makes no future, and its session is closed.
        let observer = &guard.entry().state().observer;
        let handler = || observer.in_scope(|| self.handler.handle(session));
        let handler = caught(handler);
        if handler.is_none() {
            guard.entry().close(CloseReason::HandlerPanicked);
        }
        let endpoint = event::endpoint(&uri);
        let options = Arc::clone(options);
        Ok(Some(Stream::new(guard, handler, endpoint, options)))
    }
}

impl<H: Handler, B: Body> Service<Request<B>> for SseService<H> {
    type Response = Response<SseBody<H::Future>>;
    type Error = Infallible;
    type Future = ResponseFuture<H::Future, B>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let is_coming = Drain::is_needed(&parts.headers, &body);
        match self.shared.open(parts) {
            Ok(Some(opened)) => ResponseFuture::new(stream(SseBody::stream(opened)), None),
            Ok(None) => ResponseFuture::new(stream(SseBody::default()), None),
            Err(rejection) => {
                self.shared.registry.observer.refused("sse", &rejection);
                // The line feed is for the client of rust-mcp-sdk: it keeps an unfinished line across
                // connections, and would then never open a stream.
                let response = rejection.to_response("\n", SseBody::text);
                ResponseFuture::new(response, is_coming.then_some(body))
            }
        }
    }
}

/// The head of a stream. It tells proxies not to store, change or buffer the stream.
fn stream<B>(body: B) -> Response<B> {
    const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    *headers = HeaderMap::with_capacity(3);
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream; charset=utf-8"),
    );
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("no-store, no-transform"),
    );
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    response
}

impl<H> Clone for SseService<H> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<H> fmt::Debug for SseService<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            handler: _,
            registry,
            options,
        } = &*self.shared;
        f.debug_struct("SseService")
            .field("handler", &type_name::<H>())
            .field("registry", registry)
            .field("options", options)
            .finish()
    }
}
