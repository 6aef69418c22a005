//! A transport's services in memory, without a server: requests are answered at once, and streams are
//! polled by hand.

mod stream;

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use mcp_sse_server::{
    Handler, PostService, SessionRegistry, SseServerTransport, SseService, post::PostBody,
    session::SessionSender, sse::SseBody,
};
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt};

pub use self::stream::Stream;
use self::stream::poll_frame;
use crate::{requests, within};

/// A runtime for the timers of streams, whose clock runs.
pub fn runtime() -> Runtime {
    Builder::new_current_thread().enable_time().build().unwrap()
}

/// Polls once, with a waker that does nothing.
pub fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The output of a future that must be ready at the first poll.
pub fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready at once"),
    }
}

/// Reads a response as text.
pub async fn text_of<B>(response: Response<B>) -> Response<String>
where
    B: Body<Error: std::fmt::Debug>,
{
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(bytes.to_vec()).unwrap())
}

/// A transport's services, and its registry.
pub struct Server<H> {
    /// Answers `GET`.
    pub sse: SseService<H>,
    /// Answers `POST`.
    pub post: PostService,
    /// The sessions of both.
    pub sessions: SessionRegistry,
}

impl<H: Handler> Server<H> {
    /// A transport with default options.
    pub fn new(handler: H) -> Self {
        Self::with(handler, |transport| transport)
    }

    /// A transport with these options.
    pub fn with(
        handler: H,
        options: impl FnOnce(SseServerTransport<H>) -> SseServerTransport<H>,
    ) -> Self {
        let transport = SseServerTransport::new("/messages/", handler).unwrap();
        Self::of(&options(transport))
    }

    /// The services of this transport.
    pub fn of(transport: &SseServerTransport<H>) -> Self {
        let (sse, post) = transport.services();
        let sessions = transport.sessions();
        Self {
            sse,
            post,
            sessions,
        }
    }

    /// Answers a valid `GET`.
    pub fn get(&self) -> Response<SseBody<H::Future>> {
        self.ask(requests::get())
    }

    /// Answers a `GET`.
    pub fn ask(&self, request: Request<()>) -> Response<SseBody<H::Future>> {
        let Ok(response) = now(self
            .sse
            .clone()
            .call(request.map(|()| Empty::<Bytes>::new())));
        response
    }

    /// Opens a session, and reads the first event of its stream.
    pub fn open(&self) -> Stream<H::Future> {
        Stream::new(self.get())
    }

    /// Posts a message, and reads the answer.
    pub async fn post(&self, uri: &str, text: impl AsRef<[u8]>) -> Response<String> {
        self.call(requests::post_text(uri, text)).await
    }

    /// Sends a request to the `POST` service, and reads the answer.
    pub async fn call<B: Body>(&self, request: Request<B>) -> Response<String> {
        let answer = within("an answer", self.post.clone().oneshot(request)).await;
        text_of(answer.unwrap()).await
    }

    /// Answers a `POST` that waits for nothing.
    pub fn call_now<B: Body>(&self, request: Request<B>) -> Response<PostBody> {
        let Ok(response) = now(self.post.clone().call(request));
        response
    }

    /// Posts a message that must be accepted at once.
    pub fn post_now(&self, uri: &str, text: impl AsRef<[u8]>) {
        let response = self.call_now(requests::post_text(uri, text));
        assert_eq!(response.status(), 202);
    }

    /// Opens a session and polls its stream as a server does: the first event, then nothing.
    pub fn begin(&self, get: Request<()>) -> (SseBody<H::Future>, Bytes) {
        let mut body = self.ask(get).into_body();
        let endpoint = poll_frame(&mut body, Waker::noop());
        assert!(poll_frame(&mut body, Waker::noop()).is_pending());
        match endpoint {
            Poll::Ready(Some(endpoint)) => (body, endpoint),
            _ => panic!("the endpoint event is not there"),
        }
    }

    /// Sessions whose streams do not note that they were woken, which would cost a bench something.
    pub fn streams(&self, count: usize) -> Vec<Stream<H::Future>> {
        (0..count).map(|_| self.stream()).collect()
    }

    /// One of [`streams`](Self::streams).
    pub fn stream(&self) -> Stream<H::Future> {
        let (body, endpoint) = self.begin(requests::python_get());
        Stream::unwatched(body, &endpoint)
    }

    /// Sends to the session of a stream.
    pub fn sender(&self, stream: &Stream<H::Future>) -> SessionSender {
        self.sessions.get(&stream.id()).unwrap()
    }
}
