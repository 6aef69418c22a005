use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::Request;
use http_body_util::{Empty, Full};
use mcp_sse_server::{
    Incoming, PostService, Session, SessionRegistry, SseServerTransport, response::RejectionKind,
    session::Principal,
};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    task::JoinHandle,
};
use tower::Service;

use super::{Engine, Serving};
use crate::{polled::Stream, requests, within};

/// A node whose handlers receive as many messages as the test permits.
pub(super) struct Node {
    pub(super) post: PostService,
    pub(super) sessions: SessionRegistry,
    /// What the handlers of all sessions have received.
    pub(super) taken: mpsc::Receiver<Incoming>,
    /// One permit for each message that a handler may receive.
    pub(super) gate: Arc<Semaphore>,
    open: Box<OpenStream>,
    pub(super) serving: Option<Serving>,
}

type OpenStream = dyn Fn(Request<()>) -> Opened + Send;
/// The announced path, and the task that reads the stream.
type Opened = (oneshot::Receiver<String>, JoinHandle<()>);

/// An open session, whose stream is read until this is dropped.
pub(super) struct Open {
    pub(super) uri: String,
    stream: JoinHandle<()>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.stream.abort();
    }
}

/// The options of a node's transport.
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
            .queue_messages(options.inbox)
            .delivery_timeout(options.delivery_timeout)
            .body_limit(options.body_limit)
            .relay(end.clone());
        let serving = engine.serve(&end, transport.inbound()).await;
        let (sse, post) = transport.services();
        let open = Box::new(move |request| {
            let (announce, announced) = oneshot::channel();
            let request: Request<()> = request;
            let opening = sse.clone().call(request.map(|()| Empty::<Bytes>::new()));
            let stream = tokio::spawn(async move {
                let Ok(response) = opening.await;
                let mut stream = Stream::new(response);
                let _ = announce.send(stream.uri.clone());
                while stream.next().await.is_some() {}
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
        let mut request = requests::get();
        if let Some(owner) = owner {
            request.extensions_mut().insert(owner.clone());
        }
        let (announced, stream) = (self.open)(request);
        let uri = announced.await.expect("a stream opens");
        Open { uri, stream }
    }

    /// Posts to this node. `None` means accepted.
    pub(super) async fn post(&self, uri: &str, text: impl AsRef<[u8]>) -> Option<RejectionKind> {
        self.send(requests::post_text(uri, text)).await
    }

    pub(super) async fn send(&self, request: Request<Full<Bytes>>) -> Option<RejectionKind> {
        let answer = within("an answer", self.post.clone().call(request)).await;
        let Ok::<_, Infallible>(answer) = answer;
        let kind = answer.extensions().get().copied();
        assert_eq!(kind.is_none(), answer.status() == 202, "{answer:?}");
        kind
    }

    pub(super) async fn next(&mut self) -> Incoming {
        let next = within("a message", self.taken.recv()).await;
        next.expect("handlers run")
    }
}
