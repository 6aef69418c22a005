//! Relays: the tests of the relay kit with an engine in memory, and tests that need no engine.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use mcp_sse_server::{
    SseServerTransport,
    endpoint::NodeName,
    relay::{Inbound, Relay, RelayError, RelayFuture},
};
use mcp_sse_testkit::{
    handlers::{echo, silent},
    messages::{ping, with_len},
    polled::Server,
    relay_kit::{self, Engine, Serving},
};

const LIMIT: usize = 4 * 1024 * 1024;

/// Nodes in one process.
#[derive(Clone, Default)]
pub(crate) struct Neighbours(Arc<Mutex<HashMap<NodeName, Inbound>>>);

impl Relay for Neighbours {
    fn forward<'a>(&'a self, node: &'a NodeName, post: Bytes) -> RelayFuture<'a> {
        Box::pin(async move {
            if post.len() > LIMIT {
                return Err(RelayError::TooLarge {
                    len: post.len(),
                    limit: LIMIT,
                    setting: "`LIMIT`",
                });
            }
            let inbound = self.0.lock().unwrap().get(node).cloned();
            let inbound = inbound.ok_or(RelayError::NoSuchNode)?;
            // The delivery continues after the sender has given up, as over a network.
            let answer = tokio::spawn(inbound.deliver(post));
            match tokio::time::timeout(Duration::from_millis(500), answer).await {
                Ok(Ok(answer)) => Ok(answer),
                _ => Err(RelayError::NoAnswer),
            }
        })
    }
}

impl Engine for Neighbours {
    type End = Self;

    async fn connect(&self) -> Self {
        self.clone()
    }

    async fn serve(&self, _: &Self, inbound: Inbound) -> Serving {
        let (all, name) = (Arc::clone(&self.0), inbound.node().clone());
        all.lock().unwrap().insert(name.clone(), inbound);
        let left = Left(all, name);
        Serving(tokio::spawn(async move {
            let _left = left;
            std::future::pending().await
        }))
    }

    async fn limit(&self) -> Option<usize> {
        Some(LIMIT)
    }
}

struct Left(Arc<Mutex<HashMap<NodeName, Inbound>>>, NodeName);

impl Drop for Left {
    fn drop(&mut self) {
        self.0.lock().unwrap().remove(&self.1);
    }
}

// The time of the engine stands still while it works.
#[tokio::test(start_paused = true)]
async fn an_engine_in_memory_passes_the_relay_kit() {
    relay_kit::check(&Neighbours::default()).await;
}

/// An engine that always gives the same answer or error.
struct Says(Result<&'static [u8], RelayError>);

impl Relay for Says {
    fn forward<'a>(&'a self, _: &'a NodeName, _: Bytes) -> RelayFuture<'a> {
        Box::pin(async { self.0.map(Bytes::from_static) })
    }
}

const ELSEWHERE: &str = "/messages/?session_id=0123456789abcdef0123456789abcdef&node=a2";

#[tokio::test]
async fn each_relay_error_has_its_status_and_only_unsent_posts_get_retry_after() {
    let large = RelayError::TooLarge {
        len: 2,
        limit: 1,
        setting: "x",
    };
    let unknown = "Session's node did not answer, it may have the message";
    let away = "Session's node cannot be reached";
    for (says, status, text, again) in [
        (Ok(b"+" as &[u8]), 202, "Accepted", false),
        (Ok(b"?"), 404, "Could not find session", false),
        (Ok(b"s"), 503, "Session is busy", true),
        (Ok(b"b"), 503, "Server is busy", true),
        (Ok(b"l"), 413, "Request body too large", false),
        (Ok(b"i"), 400, "Could not parse message", false),
        (Ok(b"v"), 503, away, true),
        (Ok(b""), 504, unknown, false),
        (Ok(b"++"), 504, unknown, false),
        (
            Err(RelayError::NoSuchNode),
            404,
            "Could not find session",
            false,
        ),
        (Err(RelayError::Unavailable("x")), 503, away, true),
        (Err(large), 413, "Request too large for the relay", false),
        (Err(RelayError::NoAnswer), 504, unknown, false),
    ] {
        let transport = SseServerTransport::new("/messages/", echo).unwrap();
        let memory = Server::of(&transport.node("a1").unwrap().relay(Says(says)));
        let answer = memory.post(ELSEWHERE, ping(1)).await;
        assert_eq!(
            (answer.status().as_u16(), &**answer.body()),
            (status, text),
            "{says:?}"
        );
        assert_eq!(
            answer.headers().contains_key("retry-after"),
            again,
            "{says:?}"
        );
    }
}

#[tokio::test]
async fn a_refused_post_and_a_post_for_this_node_are_not_relayed() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let transport = transport.node("a1").unwrap().body_limit(1000);
    let memory = Server::of(&transport.relay(Says(Ok(b"+"))));
    for (uri, text, status) in [
        (ELSEWHERE, ping(1), 202),
        (ELSEWHERE, "{}".to_owned(), 400),
        (ELSEWHERE, "x".repeat(1001), 413),
        (&*ELSEWHERE.replace("a2", "a1"), ping(1), 404),
        (&*ELSEWHERE.replace("a2", "A2"), ping(1), 404),
        (&*ELSEWHERE.replace("a2", "a.2"), ping(1), 404),
        (&*ELSEWHERE.replace("a2", "a2&node=a3"), ping(1), 404),
        (&*ELSEWHERE.replace("=0123", "=x"), ping(1), 400),
    ] {
        let answer = memory.post(uri, text).await;
        assert_eq!(answer.status(), status, "{uri}");
    }
    let foreign = http::Request::post(ELSEWHERE)
        .header("host", "evil.example")
        .header("content-type", "application/json");
    let answer = memory.call(
        foreign
            .body(http_body_util::Full::<Bytes>::from(ping(1)))
            .unwrap(),
    );
    assert_eq!(answer.await.status(), 421);
    // A session on this node needs no relay.
    let (uri, mut events) = memory.open().into_events();
    assert!(uri.ends_with("&node=a1"), "{uri}");
    assert_eq!(memory.post(&uri, ping(2)).await.status(), 202);
    assert_eq!(events.echoed().await, ping(2));
}

#[tokio::test]
async fn a_post_for_another_node_gets_404_without_a_relay() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let memory = Server::of(&transport.node("a1").unwrap());
    let answer = memory.post(ELSEWHERE, ping(1)).await;
    assert_eq!(
        (answer.status().as_u16(), &**answer.body()),
        (404, "Could not find session")
    );
}

#[test]
#[should_panic(expected = "must have a name, set by `node`")]
fn inbound_panics_without_a_node_name() {
    let _ = SseServerTransport::new("/messages/", echo)
        .unwrap()
        .inbound();
}

/// Keeps what it should send.
#[derive(Clone, Default)]
struct Keeps(Arc<Mutex<Vec<Bytes>>>);

impl Relay for Keeps {
    fn forward<'a>(&'a self, _: &'a NodeName, post: Bytes) -> RelayFuture<'a> {
        self.0.lock().unwrap().push(post);
        Box::pin(async { Ok(Bytes::from_static(b"+")) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_relayed_body_counts_once_and_from_the_first_poll() {
    const LEN: usize = 100_000;
    let transport = SseServerTransport::new("/messages/", silent).unwrap();
    let transport = transport.node("a1").unwrap().queue_messages(1);
    // Room for three deliveries.
    let transport = transport.body_limit(LEN).in_flight_bytes(3 * (LEN + 4096));
    let (owner, inbound) = (Server::of(&transport), transport.inbound());
    let stream = owner.open();
    let uri = stream.uri.clone();
    let keeps = Keeps::default();
    let other = SseServerTransport::new("/messages/", silent).unwrap();
    let edge = Server::of(&other.node("a2").unwrap().relay(keeps.clone()));
    let large = String::from_utf8(with_len(LEN).to_vec()).unwrap();
    assert_eq!(edge.post(&uri, &large).await.status(), 202);
    let frame = keeps.0.lock().unwrap().remove(0);
    // As an engine has it: in a buffer of its own.
    let copy = || Bytes::copy_from_slice(&frame);

    let unpolled: Vec<_> = (0..10).map(|_| inbound.deliver(copy())).collect();
    owner.post_now(&uri, ping(1));
    // The inbox is full now, so deliveries wait, and hold their bytes once.
    let post = copy();
    let mut waiting = tokio_test::task::spawn(inbound.deliver(post.clone()));
    tokio_test::assert_pending!(waiting.poll());
    assert!(post.is_unique(), "the frame is not kept beside its copy");
    drop((unpolled, waiting));
    assert_eq!(
        inbound.deliver(copy()).await,
        "s",
        "nothing is held any more"
    );
}
