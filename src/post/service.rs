use std::{
    convert::Infallible,
    fmt,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, Method, Request, Response,
    header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT},
    request::Parts,
};
use http_body::Body;
use tower::Service;

use crate::{
    endpoint::{SessionIdError, session_id},
    observe::{self, PostObserver},
    response::{Rejection, RejectionKind},
    security::TransportSecurity,
    session::{Budget, Channel, PrincipalSource, SessionRegistry},
};

use super::{
    body::PostBody,
    future::ResponseFuture,
    lease::Lease,
    read::Read,
    relay::{Elsewhere, Forward},
};

/// Takes what clients post and puts it into their sessions' inboxes.
///
/// Made by [`SseServerTransport::services`](crate::SseServerTransport::services). It does not look at
/// the path: mount it where the endpoint says, with and without the slash at the end. See the
/// [module docs](crate::post) for each answer.
///
/// A clone is cheap and serves the same sessions.
///
/// # Panics
///
/// A `POST` that must wait for room in an inbox, or whose body is too large, needs tokio's timer: its
/// future panics outside a tokio runtime with time enabled.
#[derive(Clone)]
pub struct PostService {
    shared: Arc<Shared>,
}

struct Shared {
    registry: SessionRegistry,
    options: PostOptions,
    in_flight: Arc<Budget>,
    /// For bodies whose sessions nobody here knows: they take none of the room of those that are known.
    in_flight_elsewhere: Arc<Budget>,
}

/// What the transport's options say of messages.
#[derive(Clone, Debug)]
pub(crate) struct PostOptions {
    pub(crate) body_limit: usize,
    pub(crate) in_flight_bytes: usize,
    pub(crate) delivery_timeout: Duration,
    pub(crate) stall_timeout: Option<Duration>,
    pub(crate) elsewhere: Elsewhere,
    pub(crate) security: TransportSecurity,
    pub(crate) principal: PrincipalSource,
}

/// What the head of a request decides.
enum Verdict {
    Refuse(Rejection),
    /// Too large, as it says itself: only to be read so far that the client can read the answer.
    Drain,
    Read(Arc<Channel>),
    Forward(Box<Forward>),
}

impl PostService {
    pub(crate) fn new(registry: SessionRegistry, options: PostOptions) -> Self {
        let in_flight = Arc::new(Budget::new(options.in_flight_bytes));
        let in_flight_elsewhere = Arc::new(Budget::new(options.in_flight_bytes));
        let shared = Arc::new(Shared {
            registry,
            options,
            in_flight,
            in_flight_elsewhere,
        });
        Self { shared }
    }

    /// Answers a `POST` whose body was read already, by a framework or by a layer that looks into it.
    /// Every check is made, as for any other.
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
    /// Dropped before it is done, the message is not delivered; but one that is on its way to
    /// [another node](crate::relay) may be.
    pub fn deliver(&self, parts: Parts, body: impl Into<Bytes>) -> ResponseFuture<PostBody> {
        self.clone()
            .call(Request::from_parts(parts, PostBody::text(body.into())))
    }
}

impl Shared {
    fn read<B: Body>(
        &self,
        body: B,
        channel: Option<Arc<Channel>>,
        in_flight: &Arc<Budget>,
    ) -> Read<B> {
        let options = &self.options;
        let lease = Lease::new(channel, Arc::clone(in_flight), options.delivery_timeout);
        Read::new(body, options.body_limit, options.stall_timeout, lease)
    }

    fn judge<B: Body>(&self, request: &Request<B>) -> Verdict {
        if request.method() != Method::POST {
            return Verdict::Refuse(Rejection::method("POST"));
        }
        if !is_json(request.headers()) {
            return Verdict::Refuse(RejectionKind::InvalidContentType.into());
        }
        if let Err(refusal) = self
            .options
            .security
            .check(request.uri(), request.headers())
        {
            observe::forbidden("post", &refusal);
            return Verdict::Refuse(refusal.kind.into());
        }
        if declared_len(request) > self.options.body_limit as u64 {
            // Whoever asked first sends no body after a refusal.
            return match request.headers().contains_key(EXPECT) {
                true => Verdict::Refuse(RejectionKind::BodyTooLarge.into()),
                false => Verdict::Drain,
            };
        }
        match session_id(request.uri().query()) {
            Err(SessionIdError::Missing) => Verdict::Refuse(RejectionKind::SessionIdMissing.into()),
            Err(SessionIdError::Invalid) => Verdict::Refuse(RejectionKind::SessionIdInvalid.into()),
            Ok(id) => {
                let principal = self.options.principal.of(request.extensions());
                match self.registry.find(&id, principal.as_deref()) {
                    None => match self.options.elsewhere.find(id, principal, request.uri()) {
                        None => Verdict::Refuse(RejectionKind::SessionNotFound.into()),
                        Some(forward) => Verdict::Forward(Box::new(forward)),
                    },
                    Some(channel) => Verdict::Read(channel),
                }
            }
        }
    }
}

impl<B: Body> Service<Request<B>> for PostService {
    type Response = Response<PostBody>;
    type Error = Infallible;
    type Future = ResponseFuture<B>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture<B> {
        let observer = PostObserver::start(self.shared.registry.meter());
        match observer.in_scope(|| self.shared.judge(&request)) {
            Verdict::Refuse(rejection) => ResponseFuture::refused(rejection, observer),
            Verdict::Drain => {
                let read = Read::too_large(request.into_body());
                ResponseFuture::reading(read, None, None, observer)
            }
            Verdict::Read(channel) => {
                observer.of_session(channel.id(), channel.observer());
                let (parts, body) = request.into_parts();
                let read = self
                    .shared
                    .read(body, Some(channel), &self.shared.in_flight);
                ResponseFuture::reading(read, Some(Box::new(parts)), None, observer)
            }
            Verdict::Forward(forward) => {
                let (parts, body) = request.into_parts();
                let read = self
                    .shared
                    .read(body, None, &self.shared.in_flight_elsewhere);
                ResponseFuture::reading(read, Some(Box::new(parts)), Some(forward), observer)
            }
        }
    }
}

/// Whether there is one `content-type`, and its essence is `application/json`.
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (types.next(), types.next()) else {
        return false;
    };
    let value = value.as_bytes();
    // As nearly all clients write it.
    if value == b"application/json" {
        return true;
    }
    let essence = value.split(|byte| *byte == b';').next();
    essence
        .unwrap_or_default()
        .trim_ascii()
        .eq_ignore_ascii_case(b"application/json")
}

/// The length that a body is said to have, by its header or by itself, whichever is more.
fn declared_len<B: Body>(request: &Request<B>) -> u64 {
    let header = request.headers().get(CONTENT_LENGTH);
    let header = header.and_then(|value| value.to_str().ok()?.parse().ok());
    request.body().size_hint().lower().max(header.unwrap_or(0))
}

impl fmt::Debug for PostService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            registry,
            options,
            in_flight,
            in_flight_elsewhere,
        } = &*self.shared;
        f.debug_struct("PostService")
            .field("registry", registry)
            .field("options", options)
            .field("in_flight", in_flight)
            .field("in_flight_elsewhere", in_flight_elsewhere)
            .finish()
    }
}
