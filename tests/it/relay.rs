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
    handlers::echo,
    messages::ping,
    polled::Server,
    relay_kit::{self, Engine, Serving},
};

const LIMIT: usize = 4 * 1024 * 1024;

/// Nodes in one process.
#[derive(Clone, Default)]
struct Neighbours(Arc<Mutex<HashMap<NodeName, Inbound>>>);

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
