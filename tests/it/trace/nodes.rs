//! The events about `POST`s for other nodes.

use bytes::Bytes;
use mcp_sse_server::{
    SseServerTransport,
    endpoint::NodeName,
    relay::{Relay, RelayError, RelayFuture},
};
use mcp_sse_testkit::{handlers::silent, messages::ping, polled::Server};
use tracing::Level;

use super::recorder::Recorder;

const ID: &str = "0123456789abcdef0123456789abcdef";

struct Fails(RelayError);

impl Relay for Fails {
    fn forward<'a>(&'a self, _: &'a NodeName, _: Bytes) -> RelayFuture<'a> {
        Box::pin(async { Err(self.0) })
    }
}

/// The only event that names the node, and all records.
async fn told_of(relay: Option<RelayError>) -> (Level, String, String) {
    let transport = SseServerTransport::new("/messages/", silent).unwrap();
    let transport = transport.node("a1").unwrap();
    let transport = match relay {
        Some(error) => transport.relay(Fails(error)),
        None => transport,
    };
    let server = Server::of(&transport);
    let recorder = Recorder::start();
    let uri = format!("/messages/?session_id={ID}&node=a2");
    let _ = server.post(&uri, &ping(1)).await;
    let told = recorder.take();
    let all = format!("{told:?}");
    let mut of_node = told
        .into_iter()
        .filter(|told| told.text.contains("node=a2"));
    let found = of_node.next().unwrap();
    assert_eq!(of_node.next(), None);
    (found.level, found.text, all)
}

#[tokio::test]
async fn a_post_for_another_node_without_a_relay_logs_both_nodes_and_a_hint() {
    let (level, event, all) = told_of(None).await;
    assert_eq!(level, Level::WARN);
    for part in ["node=a2", "here=a1", "route on the query's `node`"] {
        assert!(event.contains(part), "{event}");
    }
    assert!(!all.contains(ID), "{all}");
}

#[tokio::test]
async fn a_failed_relay_logs_the_reason_and_the_setting() {
    let large = RelayError::TooLarge {
        len: 2_000_000,
        limit: 1_048_576,
        setting: "`max_payload` of the NATS server",
    };
    let says = "of 2000000 bytes, with its head, cannot be carried: `max_payload` of the NATS server is 1048576";
    for (error, level, part) in [
        (large, Level::WARN, says),
        (RelayError::NoAnswer, Level::WARN, "may have the message"),
        (RelayError::Unavailable("no link"), Level::WARN, "no link"),
        // Not a warning, because a client can invent a name.
        (RelayError::NoSuchNode, Level::DEBUG, "no node of that name"),
    ] {
        let (found, event, all) = told_of(Some(error)).await;
        assert_eq!(found, level, "{event}");
        assert!(event.contains("node=a2") && event.contains(part), "{event}");
        assert!(!all.contains(ID), "{all}");
    }
}

/// A client can name any node in a query, and any host.
#[tokio::test]
async fn a_client_cannot_write_warnings_at_will() {
    const TIMES: usize = 300;
    let transport = SseServerTransport::new("/messages/", silent).unwrap();
    let alone = Server::of(&transport.clone().node("a1").unwrap());
    let large = RelayError::TooLarge {
        len: 2,
        limit: 1,
        setting: "x",
    };
    let relayed = Server::of(&transport.node("a1").unwrap().relay(Fails(large)));
    let recorder = Recorder::start();
    for n in 0..TIMES {
        let uri = format!("/messages/?session_id={ID}&node=n{n}");
        assert_eq!(alone.post(&uri, &ping(1)).await.status(), 404);
        assert_eq!(relayed.post(&uri, &ping(1)).await.status(), 413);
        let mut post = mcp_sse_testkit::requests::post_text("/messages/", ping(1));
        let host = format!("h{n}.example.com");
        post.headers_mut().insert("host", host.parse().unwrap());
        assert_eq!(alone.call(post).await.status(), 421);
        // A precise reason, at the level `info`.
        let mut post = mcp_sse_testkit::requests::post_text("/messages/", ping(1));
        post.headers_mut().remove("content-type");
        assert_eq!(alone.call(post).await.status(), 400);
    }
    let told = recorder.take();
    let above_debug = told.iter().filter(|told| told.level <= Level::INFO);
    let events = above_debug.filter(|told| !told.text.contains("kind="));
    let events = events.filter(|told| told.text.contains("message="));
    // Ten of each of the four kinds.
    assert_eq!(events.count(), 40);
    let all = told.iter().filter(|told| told.text.contains("message="));
    assert!(
        all.count() >= 4 * TIMES,
        "the others are at the level `debug`"
    );
}
