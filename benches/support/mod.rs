//! A transport's services in memory, called and polled by hand, as the task of a server does.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body::Body;
use http_body_util::Full;
use mcp_sse_server::{
    Handler, PostService, Session, SessionRegistry, SseServerTransport, SseService,
    post::PostBody,
    session::{SessionId, SessionSender},
    sse::SseBody,
};
use tower::Service;

/// Both services and their registry.
pub(crate) struct Server<H> {
    sse: SseService<H>,
    post: PostService,
    pub(crate) sessions: SessionRegistry,
}

/// An open stream whose first event was read, and the URI to post to.
pub(crate) struct Stream<F> {
    body: SseBody<F>,
    pub(crate) uri: String,
}

/// A server with default options. Its sessions send each message back.
pub(crate) fn echo() -> Server<impl Handler<Future: Send + Sync> + Send + Sync> {
    Server::new(|mut session: Session| async move {
        while let Some(incoming) = session.recv().await {
            if session.send(incoming.message).await.is_err() {
                break;
            }
        }
    })
}

impl<H: Handler> Server<H> {
    fn new(handler: H) -> Self {
        let transport = SseServerTransport::new("/messages/", handler).unwrap();
        let (sse, post) = transport.services();
        let sessions = transport.sessions();
        Self {
            sse,
            post,
            sessions,
        }
    }

    /// Opens a stream with a `GET`, and polls it as a server does: once for the first event, once more until
    /// it is pending.
    pub(crate) fn open(&self, get: Request<()>) -> (SseBody<H::Future>, Bytes) {
        let response = now(pin!(self.sse.clone().call(get))).unwrap();
        let mut body = response.into_body();
        let endpoint = frame(&mut body);
        assert!(try_frame(&mut body).is_none());
        (body, endpoint)
    }

    /// Opens a session.
    pub(crate) fn stream(&self) -> Stream<H::Future> {
        let (body, event) = self.open(get());
        let event = std::str::from_utf8(&event).unwrap();
        let uri = event.lines().nth(1).unwrap().trim_start_matches("data: ");
        let uri = uri.to_owned();
        Stream { body, uri }
    }

    /// Opens `count` sessions.
    pub(crate) fn streams(&self, count: usize) -> Vec<Stream<H::Future>> {
        (0..count).map(|_| self.stream()).collect()
    }

    /// Answers a `POST` that finds room at once.
    pub(crate) fn post(&self, post: Request<Full<Bytes>>) -> Response<PostBody> {
        now(pin!(self.post.clone().call(post))).unwrap()
    }

    pub(crate) fn sender(&self, stream: &Stream<H::Future>) -> SessionSender {
        self.sessions.get(&stream.id()).unwrap()
    }
}

impl<F: Future<Output = ()>> Stream<F> {
    pub(crate) fn id(&self) -> SessionId {
        self.uri.rsplit('=').next().unwrap().parse().unwrap()
    }

    /// Takes all frames that are ready, and returns the number of their bytes. The next message wakes the
    /// stream again.
    pub(crate) fn frames(&mut self) -> usize {
        let mut bytes = frame(&mut self.body).len();
        while let Some(frame) = try_frame(&mut self.body) {
            bytes += frame.len();
        }
        bytes
    }
}

/// A `GET` as the Python SDK's client sends it.
pub(crate) fn get() -> Request<()> {
    let headers = [
        ("host", "localhost:8000"),
        ("accept", "text/event-stream"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "keep-alive"),
        ("user-agent", "python-httpx/0.28.1"),
        ("cache-control", "no-store"),
    ];
    request(Method::GET, "/sse", &headers, ())
}

/// A `POST` as the Python SDK's client sends it.
pub(crate) fn post(uri: &str, text: Bytes) -> Request<Full<Bytes>> {
    let len = text.len().to_string();
    let headers = [
        ("host", "localhost:8000"),
        ("accept", "*/*"),
        ("accept-encoding", "gzip, deflate"),
        ("connection", "keep-alive"),
        ("user-agent", "python-httpx/0.28.1"),
        ("content-length", &len),
        ("content-type", "application/json"),
    ];
    request(Method::POST, uri, &headers, Full::new(text))
}

/// A request as hyper makes it: its parts are slices of the read buffer. A clone shares them.
fn request<B>(method: Method, uri: &str, headers: &[(&'static str, &str)], body: B) -> Request<B> {
    let read = |text: &str| BytesMut::from(text).split().freeze();
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = Uri::from_maybe_shared(read(uri)).unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_maybe_shared(read(value)).unwrap();
        request.headers_mut().insert(*name, value);
    }
    request
}

/// A request of `bytes` bytes, at least 58.
pub(crate) fn message(bytes: usize) -> Bytes {
    let filler = "x".repeat(bytes.saturating_sub(58));
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"echo","params":{{"x":"{filler}"}}}}"#).into()
}

/// A request with `levels` nested arrays.
pub(crate) fn deep(levels: usize) -> Bytes {
    let (open, close) = ("[".repeat(levels), "]".repeat(levels));
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"echo","params":{{"x":{open}{close}}}}}"#).into()
}

/// A request of `count` lines, as pretty-printed JSON.
pub(crate) fn lines(count: usize) -> Bytes {
    let items =
        vec!["    \"a line of about sixty-four bytes, as they are in such texts\""; count - 4];
    let items = items.join(",\n");
    format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\n\"params\":{{\"x\":[\n{items}\n]}}\n}}").into()
}

/// A runtime for the timers of streams, in real time.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap()
}

fn now<F: Future>(future: Pin<&mut F>) -> F::Output {
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("not ready at once"),
    }
}

fn frame<F: Future<Output = ()>>(body: &mut SseBody<F>) -> Bytes {
    try_frame(body).expect("a frame is ready")
}

fn try_frame<F: Future<Output = ()>>(body: &mut SseBody<F>) -> Option<Bytes> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(frame))) => Some(frame.into_data().unwrap()),
        Poll::Ready(_) => panic!("the stream is at its end"),
        Poll::Pending => None,
    }
}
