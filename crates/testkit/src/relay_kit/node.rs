use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use mcp_sse_server::{
    Incoming, PostService, Session, SessionRegistry, SseServerTransport, response::RejectionKind,
    session::Principal,
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinHandle,
    time::timeout,
};
use tower::Service;

use super::{Engine, PATIENCE, Serving};

/// A node whose handlers take messages as the test lets them.
pub(crate) struct Node {
    pub(super) post: PostService,
    pub(super) sessions: SessionRegistry,
    /// All that handlers took, from whichever session.
    pub(super) taken: mpsc::Receiver<Incoming>,
    /// A permit for each message that a handler may take.
    pub(super) gate: Arc<Semaphore>,
    open: Box<OpenStream>,
    pub(super) serving: Option<Serving>,
}

type OpenStream = dyn Fn(Request<()>) -> Opened + Send;
/// What is announced, and who reads on.
type Opened = (oneshot::Receiver<String>, JoinHandle<()>);

/// An open session: where to post. Its stream is read until it is dropped.
pub(super) struct Open {
    pub(super) uri: String,
    stream: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stream.abort();
    }
}

/// What the options of a node's transport may be.
pub(super) struct Options {
    pub(super) inbox: usize,
    pub(super) delivery_timeout: Duration,
    pub(super) body_limit: usize,
    pub(super) open: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            inbox: 32,
            delivery_timeout: Duration::from_secs(3),
            body_limit: 64 * 1024 * 1024,
            open: true,
        }
    }
}

impl Node {
    pub(super) async fn join<E: Engine>(engine: &E, name: &str, options: Options) -> Self {
        let gate = Arc::new(Semaphore::new(if options.open {
            Semaphore::MAX_PERMITS
        } else {
            0
        }));
        let (sender, taken) = mpsc::channel(10_000);
        let passed = Arc::clone(&gate);
        let handler = move |mut session: Session| {
            let (sender, gate) = (sender.clone(), Arc::clone(&passed));
            async move {
                loop {
                    gate.acquire().await.expect("it is not closed").forget();
                    let Some(incoming) = session.recv().await else {
                        return;
                    };
                    sender.send(incoming).await.expect("the test listens");
                }
            }
        };
        let end = engine.connect().await;
        let transport = SseServerTransport::new("/messages/", handler)
            .unwrap()
            .node(name)
            .unwrap()
            .inbox_capacity(options.inbox)
            .delivery_timeout(options.delivery_timeout)
            .body_limit(options.body_limit)
            .relay(end.clone());
        let serving = engine.serve(&end, transport.inbound()).await;
        let (sse, post) = transport.services();
        let open = Box::new(move |request| {
            let (announce, announced) = oneshot::channel();
            let opening = sse.clone().call(request);
            let stream = tokio::spawn(async move {
                let mut body = opening.await.unwrap().into_body();
                let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
                let first = std::str::from_utf8(&first).unwrap();
                let uri = first.lines().nth(1).unwrap().strip_prefix("data: ");
                let _ = announce.send(uri.unwrap().to_owned());
                while body.frame().await.is_some() {}
            });
            (announced, stream)
        });
        Self {
            post,
            sessions: transport.sessions(),
            taken,
            gate,
            open,
            serving: Some(serving),
        }
    }

    pub(super) async fn open(&self, owner: Option<&Principal>) -> Open {
        let mut request = Request::get("/sse").header("host", "localhost");
        if let Some(owner) = owner {
            request = request.extension(owner.clone());
        }
        let (announced, stream) = (self.open)(request.body(()).unwrap());
        let uri = announced.await.expect("a stream opens");
        Open { uri, stream }
    }

    /// Posts to this node. `None` is accepted.
    pub(super) async fn post(&self, uri: &str, text: impl Into<Bytes>) -> Option<RejectionKind> {
        self.send(request(uri, text)).await
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Option<RejectionKind> {
        let answer: Result<_, Infallible> = timeout(PATIENCE, self.post.clone().call(request))
            .await
            .expect("an answer in time");
        let answer = answer.unwrap();
        let kind = answer.extensions().get().copied();
        assert_eq!(kind.is_none(), answer.status() == 202, "{answer:?}");
        kind
    }

    pub(super) async fn next(&mut self) -> Incoming {
        let next = timeout(PATIENCE, self.taken.recv()).await;
        next.expect("a message in time").expect("handlers run")
    }
}

pub(super) fn request(uri: &str, text: impl Into<Bytes>) -> Request<Full<Bytes>> {
    let request = Request::post(uri)
        .header("host", "localhost")
        .header("content-type", "application/json");
    request.body(Full::new(text.into())).unwrap()
}

pub(super) fn ping(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)
}

/// A message of so many bytes.
pub(super) fn sized(id: usize, len: usize) -> String {
    let empty = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m","params":{{"x":""}}}}"#);
    let fill = "x".repeat(len.saturating_sub(empty.len()));
    empty.replace(r#""""#, &format!(r#""{fill}""#))
}
