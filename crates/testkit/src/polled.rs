//! The services in memory, with streams that are polled by hand.

use std::pin::{Pin, pin};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use mcp_sse_server::{
    Handler, PostService, SseServerTransport, SseService,
    post::PostBody,
    session::{SessionId, SessionRegistry},
    sse::SseBody,
};
use tokio_test::{assert_ready, task::Spawn};
use tower::{Service, ServiceExt};

use super::{HOST, post};

/// A transport's services and registry.
pub(crate) struct Server<H> {
    pub(crate) sse: SseService<H>,
    pub(crate) post: PostService,
    pub(crate) sessions: SessionRegistry,
}

impl<H: Handler> Server<H> {
    pub(crate) fn new(handler: H) -> Self {
        Self::with(handler, |transport| transport)
    }

    pub(crate) fn with(
        handler: H,
        options: impl FnOnce(SseServerTransport<H>) -> SseServerTransport<H>,
    ) -> Self {
        Self::of(&options(
            SseServerTransport::new("/messages/", handler).unwrap(),
        ))
    }

    pub(crate) fn of(transport: &SseServerTransport<H>) -> Self {
        let (sse, post) = transport.services();
        let sessions = transport.sessions();
        Self {
            sse,
            post,
            sessions,
        }
    }

    pub(crate) fn get(&self) -> Response<SseBody<H::Future>> {
        self.ask(get_request())
    }

    /// Asks for a stream.
    pub(crate) fn ask(&self, request: Request<()>) -> Response<SseBody<H::Future>> {
        let mut future = pin!(self.sse.clone().call(request));
        let mut task = tokio_test::task::spawn(future.as_mut());
        assert_ready!(task.poll()).unwrap()
    }

    /// Opens a stream and reads its first event.
    pub(crate) fn open(&self) -> Stream<H::Future> {
        Stream::new(self.get())
    }

    pub(crate) async fn post(&self, uri: &str, text: &str) -> Response<PostBody> {
        let request = post_request(uri, text);
        self.post.clone().oneshot(request).await.unwrap()
    }

    /// Posts, and expects it to be accepted at once.
    pub(crate) fn post_now(&self, uri: &str, text: &str) {
        let request = post_request(uri, text);
        let mut task = tokio_test::task::spawn(self.post.clone().oneshot(request));
        assert_eq!(assert_ready!(task.poll()).unwrap().status(), 202);
    }
}

/// An open stream: its body, polled by hand, and the URI that it announced.
pub(crate) struct Stream<F> {
    pub(crate) body: Spawn<SseBody<F>>,
    pub(crate) uri: String,
}

impl<F: Future<Output = ()>> Stream<F> {
    /// Reads a stream's first event.
    pub(crate) fn new(response: Response<SseBody<F>>) -> Self {
        let mut body = tokio_test::task::spawn(response.into_body());
        let bytes = ready_frame(&mut body).unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        let uri = text.strip_prefix("event: endpoint\ndata: ").unwrap();
        let uri = uri.strip_suffix("\n\n").unwrap().to_owned();
        Self { body, uri }
    }

    /// The session's id.
    pub(crate) fn id(&self) -> SessionId {
        self.uri.rsplit('=').next().unwrap().parse().unwrap()
    }

    /// The next frame, if one is ready. `Some(None)` is the end.
    pub(crate) fn poll(&mut self) -> Option<Option<String>> {
        match self.body.enter(|cx, body| body.poll_frame(cx)) {
            std::task::Poll::Pending => None,
            std::task::Poll::Ready(None) => Some(None),
            std::task::Poll::Ready(Some(frame)) => {
                let bytes = frame.unwrap().into_data().unwrap();
                Some(Some(String::from_utf8(bytes.to_vec()).unwrap()))
            }
        }
    }

    /// The next frame, which must be ready, as it is.
    pub(crate) fn poll_bytes(&mut self) -> Bytes {
        ready_frame(&mut self.body).unwrap()
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.body.is_woken()
    }

    /// Waits for the next frame.
    pub(crate) async fn next(&mut self) -> Option<String> {
        let body: Pin<&mut SseBody<F>> = Pin::new(&mut self.body);
        let frame = body.get_mut().frame().await?.unwrap();
        Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
    }
}

fn ready_frame<F: Future<Output = ()>>(body: &mut Spawn<SseBody<F>>) -> Option<Bytes> {
    let frame = assert_ready!(body.enter(|cx, body| body.poll_frame(cx)))?;
    Some(frame.unwrap().into_data().unwrap())
}

pub(crate) fn get_request() -> Request<()> {
    let request = Request::get("/sse").header("host", HOST);
    request.body(()).unwrap()
}

/// A good `POST`, whole.
pub(crate) fn post_request(uri: &str, text: &str) -> Request<Full<Bytes>> {
    post(uri, Full::new(Bytes::copy_from_slice(text.as_bytes())))
}

/// What a response says.
pub(crate) async fn text_of(response: Response<PostBody>) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The event that carries a message.
pub(crate) fn event(text: &str) -> String {
    format!("event: message\ndata: {text}\n\n")
}
