use std::fmt::Debug;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use mcp_sse_server::{
    Handler, PostService, SessionRegistry, SseServerTransport, SseService, sse::SseBody,
};
use tower::ServiceExt;

use super::{Events, HOST, within};

/// A transport's services, called without a server.
pub(crate) struct Memory<H> {
    pub(crate) sse: SseService<H>,
    pub(crate) post: PostService,
    pub(crate) sessions: SessionRegistry,
}

impl<H: Handler> Memory<H> {
    pub(crate) fn new(transport: &SseServerTransport<H>) -> Self {
        let (sse, post) = transport.services();
        let sessions = transport.sessions();
        Self {
            sse,
            post,
            sessions,
        }
    }

    pub(crate) async fn get(&self) -> Response<SseBody<H::Future>> {
        let request = Request::get("/sse").header("host", HOST).body(()).unwrap();
        self.sse.clone().oneshot(request).await.unwrap()
    }

    /// A new session: where to post, and its stream.
    pub(crate) async fn open(&self) -> (String, Events<SseBody<H::Future>>) {
        let mut events = Events::new(self.get().await.into_body());
        (events.endpoint().await, events)
    }

    pub(crate) async fn call<B: Body>(&self, request: Request<B>) -> Response<String> {
        let answer = within("an answer", self.post.clone().oneshot(request)).await;
        whole(answer.unwrap()).await
    }

    pub(crate) async fn post(&self, uri: &str, text: impl Into<Bytes>) -> Response<String> {
        self.call(post(uri, http_body_util::Full::new(text.into())))
            .await
    }
}

/// A request that is as it should be.
pub(crate) fn post<B>(uri: &str, body: B) -> Request<B> {
    Request::post(uri)
        .header("host", HOST)
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

/// Reads an answer's body as text.
pub(crate) async fn whole<B>(answer: Response<B>) -> Response<String>
where
    B: Body<Error: Debug>,
{
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Response::from_parts(parts, String::from_utf8(bytes.to_vec()).unwrap())
}
