use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use http_body::Body;
use tower::Service;
use uuid::Uuid;

use crate::{
    endpoint::{node, session_id},
    options::Options,
    relay::Relay,
    response::{Rejection, RejectionKind},
    session::{Principal, SessionRegistry},
};

use super::{
    body::PostBody,
    forward::Forward,
    future::{ResponseFuture, State},
    reading::{Reading, To},
};

/// Puts the messages that clients post into the inboxes of their sessions.
///
/// [`SseServerTransport::services`](crate::SseServerTransport::services) makes it. It does not check the
/// path of a request: mount it at the endpoint, with and without the slash at the end. The
/// [module docs](crate::post) list the answers.
///
/// A clone is cheap and serves the same sessions.
///
/// # Panics
///
/// A `POST` needs tokio's timer when it waits for room, waits for the rest of its body, or discards the
/// rest of a refused body. Its future then panics outside a tokio runtime with time enabled.
#[derive(Clone)]
pub struct PostService {
    shared: Arc<Shared>,
}

struct Shared {
    registry: SessionRegistry,
    relay: Option<Arc<dyn Relay>>,
    options: Arc<Options>,
}

impl PostService {
    pub(crate) fn new(
        registry: SessionRegistry,
        relay: Option<Arc<dyn Relay>>,
        options: Arc<Options>,
    ) -> Self {
        let shared = Shared {
            registry,
            relay,
            options,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Answers a `POST` whose body a framework or a layer has already read. It makes all checks.
    ///
    /// ```
    /// use mcp_sse_server::{Session, SseServerTransport};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (_, post) = SseServerTransport::new("/messages/", |_: Session| async {})?.services();
    /// let (parts, body) = http::Request::post("/messages/")
    ///     .header("host", "localhost")
    ///     .header("content-type", "application/json")
    ///     .body("{}")?
    ///     .into_parts();
    /// let response = post.deliver(parts, body).await?;
    /// assert_eq!(response.status(), 400); // it has no session_id
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, the message is not delivered, unless it is on its way
    /// to [another node](crate::relay).
    pub fn deliver(&self, parts: Parts, body: impl Into<Bytes>) -> ResponseFuture<PostBody> {
        self.clone()
            .call(Request::from_parts(parts, PostBody::text(body.into())))
    }
}

impl Shared {
    /// Checks the head of a request. Returns where its message goes, or why it is refused.
    fn check<B: Body>(&self, request: &mut Request<B>) -> Result<To, Rejection> {
        let options = &self.options;
        if request.method() != Method::POST {
            return Err(Rejection::method("POST"));
        }
        check_content_type(request.headers())?;
        for encoding in request.headers().get_all(CONTENT_ENCODING) {
            if !encoding.as_bytes().eq_ignore_ascii_case(b"identity") {
                return Err(RejectionKind::UnsupportedEncoding.into());
            }
        }
        options.security.check(request.uri(), request.headers())?;
        if declared_len(request) > options.body_limit as u64 {
            return Err(RejectionKind::BodyTooLarge.into());
        }
        let id = session_id(request.uri().query())?;
        if let Some(identify) = &options.identify {
            identify.0(request.extensions_mut());
        }
        let principal = request.extensions().get();
        match self.registry.table.find(id, principal) {
            Some(state) => Ok(To::Session(state)),
            None => match self.find_node(id, principal, request.uri().query()) {
                Some(forward) => Ok(To::Node(Box::new(forward))),
                None => Err(RejectionKind::SessionNotFound.into()),
            },
        }
    }

    /// The node to forward to, if there is a relay and the URI names another node.
    fn find_node(
        &self,
        id: Uuid,
        principal: Option<&Principal>,
        query: Option<&str>,
    ) -> Option<Forward> {
        let here = self.options.node.as_ref();
        if here.is_none() && self.relay.is_none() {
            return None;
        }
        let node = node(query).filter(|node| Some(node) != here)?;
        let Some(relay) = &self.relay else {
            let observer = &self.registry.observer;
            observer.unroutable(here.map(|here| here.as_str()), node.as_str());
            return None;
        };
        let (relay, principal) = (Arc::clone(relay), principal.cloned());
        let observer = self.registry.observer.clone();
        Some(Forward::new(relay, node, id, principal, observer))
    }
}

impl<B: Body> Service<Request<B>> for PostService {
    type Response = Response<PostBody>;
    type Error = Infallible;
    type Future = ResponseFuture<B>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> ResponseFuture<B> {
        let observer = self.shared.registry.observer.post();
        let verdict = {
            let _in_span = observer.enter();
            self.shared.check(&mut request)
        };
        let (parts, body) = request.into_parts();
        let state = match verdict {
            Ok(to) => {
                if let To::Session(session) = &to {
                    observer.in_session(&session.observer);
                }
                let options = Arc::clone(&self.shared.options);
                State::Reading(Reading::new(to, parts, options))
            }
            Err(rejection) => State::refused(rejection, &parts.headers, &body),
        };
        ResponseFuture {
            body,
            state,
            observer,
        }
    }
}

/// There must be one `content-type`, and its essence must be `application/json`.
fn check_content_type(headers: &HeaderMap) -> Result<(), Rejection> {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let detail = match (types.next(), types.next()) {
        // Nearly all clients send exactly this.
        (Some(value), None) if value == "application/json" => return Ok(()),
        (Some(value), None) => {
            let essence = value.as_bytes().split(|byte| *byte == b';').next();
            let essence = essence.unwrap_or_default().trim_ascii();
            if essence.eq_ignore_ascii_case(b"application/json") {
                return Ok(());
            }
            let shown = &essence[..essence.len().min(64)];
            format!(
                "expected application/json, received {}",
                shown.escape_ascii()
            )
        }
        (None, _) => "expected application/json, received none".to_owned(),
        (Some(_), Some(_)) => "expected application/json, received several".to_owned(),
    };
    Err(Rejection::from(RejectionKind::InvalidContentType).with_detail(detail))
}

/// The declared length of a body: the larger of the `content-length` header and the body's size hint.
fn declared_len<B: Body>(request: &Request<B>) -> u64 {
    let by_itself = request.body().size_hint().lower();
    let Some(Ok(header)) = request
        .headers()
        .get(CONTENT_LENGTH)
        .map(HeaderValue::to_str)
    else {
        return by_itself;
    };
    header.parse().unwrap_or(0).max(by_itself)
}

impl fmt::Debug for PostService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            registry,
            relay,
            options,
        } = &*self.shared;
        f.debug_struct("PostService")
            .field("registry", registry)
            .field("relay", &relay.as_ref().map(|_| "<relay>"))
            .field("options", options)
            .finish()
    }
}
