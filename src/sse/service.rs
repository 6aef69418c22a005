use std::{
    any::type_name,
    convert::Infallible,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response,
    header::{CACHE_CONTROL, CONTENT_TYPE},
    request::Parts,
};
use tower::Service;

use crate::{
    endpoint::{Endpoint, MountPath, NodeName, announce},
    event,
    handler::Handler,
    observe,
    response::{Rejection, RejectionKind},
    security::TransportSecurity,
    session::{CloseReason, OpenError, SessionOptions, SessionRegistry},
};

use super::{body::SseBody, driver::Driver, future::ResponseFuture};

/// Answers `GET` with a session's stream.
///
/// Made by [`SseServerTransport::services`](crate::SseServerTransport::services). It does not look at
/// the path: mount it where the streams shall be. Every other method is answered with `405` and
/// `allow: GET`, on which clients that tried Streamable HTTP first fall back to this transport.
///
/// A clone is cheap and serves the same sessions.
///
/// # Panics
///
/// The keep-alive and the time-outs need tokio's timer: with any of them, `call` panics outside a tokio
/// runtime with time enabled.
pub struct SseService<H> {
    shared: Arc<Shared<H>>,
}

struct Shared<H> {
    handler: Arc<H>,
    registry: SessionRegistry,
    options: StreamOptions,
}

/// What the transport's options say of streams.
#[derive(Clone, Debug)]
pub(crate) struct StreamOptions {
    pub(crate) endpoint: Endpoint,
    pub(crate) mount_path: MountPath,
    pub(crate) node: Option<NodeName>,
    pub(crate) carry_query: bool,
    pub(crate) timing: Timing,
    pub(crate) session: SessionOptions,
    pub(crate) security: TransportSecurity,
}

/// After how long a time of what a stream does something by itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) idle_timeout: Option<Duration>,
    pub(crate) stall_timeout: Option<Duration>,
}

impl<H> SseService<H> {
    pub(crate) fn new(handler: Arc<H>, registry: SessionRegistry, options: StreamOptions) -> Self {
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
    fn open(&self, parts: Parts) -> Result<Pin<Box<Driver<H::Future>>>, Rejection> {
        if parts.method != Method::GET {
            return Err(Rejection::method("GET"));
        }
        let options = &self.options;
        if let Err(refusal) = options.security.check(&parts.uri, &parts.headers) {
            observe::forbidden("sse", &refusal);
            return Err(refusal.kind.into());
        }
        let mount = parts
            .extensions
            .get()
            .unwrap_or(&options.mount_path)
            .clone();
        let query = options.carry_query.then(|| parts.uri.clone());

        let opened = self.registry.open(parts, &options.session);
        let (session, guard) = opened.map_err(refuse_open)?;
        let query = query.as_ref().and_then(|uri| uri.query());
        let node = options.node.as_ref();
        let uri = announce(&mount, &options.endpoint, session.id(), node, query);
        // Unwind safe: a handler that panics leaves no future behind, and its session ends.
        let observer = guard.entry().channel().observer();
        let handler = || observer.in_scope(|| self.handler.handle(session));
        let handler = catch_unwind(AssertUnwindSafe(handler)).ok();
        if handler.is_none() {
            guard.entry().end(CloseReason::HandlerPanicked);
        }
        let endpoint = event::endpoint(&uri);
        Ok(Driver::new(guard, handler, endpoint, &options.timing))
    }
}

impl<H: Handler, B> Service<Request<B>> for SseService<H> {
    type Response = Response<SseBody<H::Future>>;
    type Error = Infallible;
    type Future = ResponseFuture<H::Future>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, _body) = request.into_parts();
        ResponseFuture::new(match self.shared.open(parts) {
            Ok(driver) => stream(SseBody::stream(driver)),
            Err(rejection) => {
                observe::stream_refused(rejection.kind);
                rejection.into_response(SseBody::text)
            }
        })
    }
}

fn refuse_open(error: OpenError) -> Rejection {
    Rejection::from(match error {
        OpenError::ShutDown => RejectionKind::ShuttingDown,
        OpenError::TooMany => RejectionKind::TooManySessions,
        OpenError::TooManyOfPrincipal => RejectionKind::TooManySessionsOfPrincipal,
    })
}

/// The head of a stream. Proxies must neither store, nor change, nor hold back what follows.
fn stream<B>(body: B) -> Response<B> {
    const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    *headers = HeaderMap::with_capacity(3);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
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
