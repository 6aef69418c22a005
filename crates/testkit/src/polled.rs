//! A transport's services in memory, without a server: requests are answered at once, and streams are
//! polled by hand.

use std::{
    convert::Infallible,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use mcp_sse_server::{
    Handler, PostService, SessionRegistry, SseServerTransport, SseService,
    post::PostBody,
    session::{SessionId, SessionSender},
    sse::SseBody,
};
use tokio::runtime::{Builder, Runtime};
use tower::{Service, ServiceExt};

use crate::{events::Events, requests, within};

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
        let Ok(response) = now(self.sse.clone().call(request));
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
        Stream::with(body, &endpoint, Waker::noop().clone(), Arc::default())
    }

    /// Sends to the session of a stream.
    pub fn sender(&self, stream: &Stream<H::Future>) -> SessionSender {
        self.sessions.get(&stream.id()).unwrap()
    }
}

/// An open stream that is polled by hand.
pub struct Stream<F> {
    /// The body of the response.
    pub body: SseBody<F>,
    /// Where to post.
    pub uri: String,
    waker: Waker,
    flag: Arc<Flag>,
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl<F: Future<Output = ()>> Stream<F> {
    /// Reads the first event, which must be there.
    pub fn new(response: Response<SseBody<F>>) -> Self {
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        let mut body = response.into_body();
        match poll_frame(&mut body, &waker) {
            Poll::Ready(Some(endpoint)) => Self::with(body, &endpoint, waker, flag),
            other => panic!("the endpoint event is not there: {other:?}"),
        }
    }

    fn with(body: SseBody<F>, endpoint: &[u8], waker: Waker, flag: Arc<Flag>) -> Self {
        let text = std::str::from_utf8(endpoint).unwrap();
        let uri = text
            .strip_prefix("event: endpoint\ndata: ")
            .and_then(|rest| rest.strip_suffix("\n\n"))
            .expect("the endpoint event comes first");
        let uri = uri.to_owned();
        Self {
            body,
            uri,
            waker,
            flag,
        }
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        let (_, query) = self.uri.split_once("session_id=").expect("a session id");
        let id = query.split('&').next().unwrap_or_default();
        id.parse().expect("a valid session id")
    }

    /// Whether the stream was woken since the last poll.
    pub fn is_woken(&self) -> bool {
        self.flag.0.load(SeqCst)
    }

    /// Polls once. `Ready(None)` is the end.
    pub fn poll_frame(&mut self) -> Poll<Option<Bytes>> {
        self.flag.0.store(false, SeqCst);
        poll_frame(&mut self.body, &self.waker)
    }

    /// Polls once: the next frame, if it is ready, as text. `Some(None)` is the end.
    pub fn poll(&mut self) -> Option<Option<String>> {
        match self.poll_frame() {
            Poll::Pending => None,
            Poll::Ready(frame) => Some(frame.as_deref().map(text)),
        }
    }

    /// The next frame, which must be ready.
    pub fn poll_bytes(&mut self) -> Bytes {
        match self.poll_frame() {
            Poll::Ready(Some(frame)) => frame,
            other => panic!("no frame is ready: {other:?}"),
        }
    }

    /// Takes all frames that are ready, at least one: how many bytes they are.
    pub fn frames(&mut self) -> usize {
        let mut bytes = self.poll_bytes().len();
        loop {
            match poll_frame(&mut self.body, &self.waker) {
                Poll::Ready(Some(frame)) => bytes += frame.len(),
                Poll::Ready(None) => panic!("the stream has ended"),
                Poll::Pending => return bytes,
            }
        }
    }

    /// Waits for the next frame. `None` is the end.
    pub async fn next(&mut self) -> Option<String> {
        let Ok(frame) = self.body.frame().await?;
        Some(text(&frame.into_data().expect("a frame of data")))
    }

    /// Where to post, and the events after the first.
    pub fn into_events(self) -> (String, Events<SseBody<F>>) {
        (self.uri, Events::after_endpoint(self.body))
    }
}

fn text(frame: &[u8]) -> String {
    String::from_utf8(frame.to_vec()).expect("a stream is UTF-8")
}

fn poll_frame<F: Future<Output = ()>>(body: &mut SseBody<F>, waker: &Waker) -> Poll<Option<Bytes>> {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(waker));
    frame.map(|frame| {
        frame.map(|frame: Result<_, Infallible>| {
            let Ok(frame) = frame;
            frame.into_data().expect("a frame of data")
        })
    })
}
