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

/// Marks what is no `POST` but the question whether a name is taken, or the answer.
const INSTANCE: &str = "Mcp-Sse-Instance";
/// The number that this answer has. Replies to `POST`s begin at 1.
const NAME: u64 = 0;

impl NatsRelay {
    /// Takes in what other nodes send to this one, and the answers to what this one sends. To be
    /// spawned, or awaited beside the server.
    ///
    /// It makes itself heard again by itself after each loss of the connection, and ends only when there
    /// is no more to do.
    ///
    /// # Errors
    ///
    /// What it ends with is the reason.
    ///
    /// # Cancel safety
    ///
    /// Dropped, it ends: other nodes find nobody, and this one answers `POST`s for them with 503. What was
    /// not in an inbox by then is not delivered.
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
    /// Ends when the client is closed.
    async fn serve(&self, inbound: &Inbound) {
        let subject = self.subject(inbound.node());
        let posts = self.client.subscribe(subject).await;
        let replies = self.client.subscribe(format!("{}.*", self.inbox)).await;
        let (Ok(mut posts), Ok(mut replies)) = (posts, replies) else {
            return;
        };
        // As many as the inbound's own bounds let wait.
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
        // Nobody is told what becomes of a message without a reply: it is none of ours.
        if let Some(reply) = post.reply {
            let answer = inbound.deliver(post.payload).await;
            // The client is closed: then nobody can be told.
            let _ = self.client.publish(reply, answer).await;
        }
    }

    fn replied(&self, reply: Message) {
        let token = reply.subject.rsplit('.').next();
        match token.and_then(|token| token.parse().ok()) {
            Some(NAME) if self.is_another(&reply) => self.link.note(NatsEvent::NameTaken),
            Some(NAME) => {}
            Some(token) => self.link.pending.resolve(token, reply),
            None => {}
        }
    }

    /// Asks whether another node has this name.
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

    /// Somebody asks whether this name is taken: this node itself, or another.
    async fn claimed(&self, question: Message) {
        if self.is_another(&question) {
            self.link.note(NatsEvent::NameTaken);
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

/// Why [`NatsRelay::serve`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServeError {
    /// It runs already: each relay serves one node.
    Serving,
    /// The NATS client is closed, as the options that were given ask after so many tries.
    Closed,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serving => "this relay serves already, connect another one",
            Self::Closed => "the NATS client is closed, see `ConnectOptions::max_reconnects`",
        })
    }
}

impl Error for ServeError {}
