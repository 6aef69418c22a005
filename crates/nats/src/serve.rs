use std::{
    error::Error,
    fmt,
    sync::{Arc, atomic::Ordering::SeqCst},
};

use async_nats::{HeaderMap, Message};
use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use mcp_sse_server::relay::Inbound;

use crate::{
    event::NatsEvent,
    link::{Link, NatsRelay, Shared},
};

/// The header of a question whether a name is in use, and of its reply. `POST`s do not have it.
const INSTANCE: &str = "Mcp-Sse-Instance";
/// The number of the reply to that question. Replies to `POST`s begin at 1.
const NAME: u64 = 0;

impl NatsRelay {
    /// Receives the `POST`s that other nodes send to this node, and the replies to those that it sends.
    ///
    /// Spawn it, or await it beside the server. It subscribes again after each loss of the connection. It
    /// completes only when it cannot continue.
    ///
    /// # Errors
    ///
    /// It completes with the reason.
    ///
    /// # Cancel safety
    ///
    /// When it is dropped, other nodes treat this node as gone, and this node answers `POST`s for other nodes
    /// with 503. A message that is not in an inbox yet is not delivered.
    pub fn serve(&self, inbound: Inbound) -> impl Future<Output = ServeError> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            let Some(_serving) = Serving::begin(&shared.link) else {
                return ServeError::Serving;
            };
            shared.serve(&inbound).await;
            ServeError::Closed
        }
    }
}

impl Shared {
    /// Completes when the client is closed.
    async fn serve(&self, inbound: &Inbound) {
        let subject = self.subject(inbound.node());
        let posts = self.client.subscribe(subject).await;
        let replies = self.client.subscribe(format!("{}.*", self.inbox)).await;
        let (Ok(mut posts), Ok(mut replies)) = (posts, replies) else {
            return;
        };
        // `Inbound` bounds the number of waiting deliveries.
        let mut deliveries = FuturesUnordered::new();
        loop {
            tokio::select! {
                post = posts.next() => match post {
                    None => return,
                    Some(post) if post.headers.is_some() => self.claimed(post).await,
                    Some(post) => deliveries.push(self.deliver(inbound, post)),
                },
                reply = replies.next() => match reply {
                    None => return,
                    Some(reply) => self.replied(reply),
                },
                Some(()) = deliveries.next() => {}
                () = self.link.connected.notified() => self.claim(inbound).await,
            }
        }
    }

    async fn deliver(&self, inbound: &Inbound, post: Message) {
        // A message without a reply subject is not from a node.
        if let Some(reply) = post.reply {
            let answer = inbound.deliver(post.payload).await;
            // An error means that the client is closed.
            let _ = self.client.publish(reply, answer).await;
        }
    }

    fn replied(&self, reply: Message) {
        let token = reply.subject.rsplit('.').next();
        match token.and_then(|token| token.parse().ok()) {
            Some(NAME) if self.is_another(&reply) => self.link.handle(NatsEvent::NameTaken),
            Some(NAME) => {}
            Some(token) => self.link.pending.resolve(token, reply),
            None => {}
        }
    }

    /// Asks whether another node has the name of this node.
    async fn claim(&self, inbound: &Inbound) {
        let subject = self.subject(inbound.node());
        let reply = format!("{}.{NAME}", self.inbox);
        let publish = self.client.publish_with_reply_and_headers(
            subject,
            reply,
            self.instance(),
            Bytes::new(),
        );
        let _ = publish.await;
    }

    /// Handles the question whether the name of this node is in use. It comes from this node or from another.
    async fn claimed(&self, question: Message) {
        if self.is_another(&question) {
            self.link.handle(NatsEvent::NameTaken);
            if let Some(reply) = question.reply {
                let answer = self
                    .client
                    .publish_with_headers(reply, self.instance(), Bytes::new());
                let _ = answer.await;
            }
        }
    }

    fn instance(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(INSTANCE, self.instance.as_str());
        headers
    }

    fn is_another(&self, message: &Message) -> bool {
        let headers = message.headers.as_ref();
        let instance = headers.and_then(|headers| headers.get(INSTANCE));
        instance.is_some_and(|instance| instance.as_str() != self.instance)
    }
}

struct Serving<'a>(&'a Link);

impl<'a> Serving<'a> {
    fn begin(link: &'a Link) -> Option<Self> {
        let first = !link.serving.swap(true, SeqCst);
        first.then(|| Self(link))
    }
}

impl Drop for Serving<'_> {
    fn drop(&mut self) {
        self.0.serving.store(false, SeqCst);
        self.0.pending.fail_all();
    }
}

/// Why [`NatsRelay::serve`] completed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServeError {
    /// The relay is already being served. Each relay serves one node.
    Serving,
    /// The NATS client is closed: it has made as many attempts to connect as its options allow.
    Closed,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serving => "this relay is already being served, connect another one",
            Self::Closed => "the NATS client is closed, see `ConnectOptions::max_reconnects`",
        })
    }
}

impl Error for ServeError {}
