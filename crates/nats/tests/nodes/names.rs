//! Names of nodes, the life of a relay, and permissions.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use async_nats::ConnectOptions;
use bytes::Bytes;
use futures_util::StreamExt;
use mcp_sse_server::{
    Session, SseServerTransport,
    endpoint::NodeName,
    relay::{Relay, RelayError},
};
use mcp_sse_server_nats::{NatsEvent, NatsRelay, ServeError};

use crate::{
    cluster::reaches,
    node, open,
    programs::{Program, free_address, is_installed},
};

const SHORT: Duration = Duration::from_millis(10);

async fn until(what: &str, so: impl Fn() -> bool) {
    let start = std::time::Instant::now();
    while !so() {
        assert!(start.elapsed().as_secs() < 40, "not within 40 s: {what}");
        tokio::time::sleep(SHORT).await;
    }
}

fn transport(name: &str) -> SseServerTransport<impl mcp_sse_server::Handler + use<>> {
    let transport = SseServerTransport::new("/messages/", |_: Session| async {}).unwrap();
    transport.node(name).unwrap()
}

#[tokio::test]
async fn two_nodes_with_the_same_name_both_report_it_and_no_other_node_does() {
    if !is_installed("nats-server") {
        return;
    }
    let nats = Program::nats(free_address(), "");
    let url = format!("nats://{}", nats.address);
    let mut counts = Vec::new();
    for name in ["a1", "a2", "a1"] {
        let taken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&taken);
        let relay = NatsRelay::options().on_event(move |event| {
            if event == NatsEvent::NameTaken {
                count.fetch_add(1, SeqCst);
            }
        });
        let relay = relay.connect(&url, ConnectOptions::new()).await.unwrap();
        tokio::spawn(relay.serve(transport(name).inbound()));
        counts.push(taken);
    }
    until("both report it", || {
        counts[0].load(SeqCst) > 0 && counts[2].load(SeqCst) > 0
    })
    .await;
    assert_eq!(counts[1].load(SeqCst), 0);
}

#[tokio::test]
async fn a_relay_serves_one_node_and_ends_when_its_client_does() {
    if !is_installed("nats-server") {
        return;
    }
    let address = free_address();
    let nats = Program::nats(address, "");
    let url = format!("nats://{address}");
    let options = ConnectOptions::new().max_reconnects(1);
    let relay = NatsRelay::options().connect(&url, options).await.unwrap();
    let serving = tokio::spawn(relay.serve(transport("a1").inbound()));
    tokio::task::yield_now().await;
    let twice = relay.serve(transport("a2").inbound()).await;
    assert_eq!(twice, ServeError::Serving);
    nats.kill();
    assert_eq!(serving.await.unwrap(), ServeError::Closed);
}

#[tokio::test]
async fn a_broken_connection_ends_the_wait_for_a_reply() {
    if !is_installed("nats-server") {
        return;
    }
    let address = free_address();
    let nats = Program::nats(address, "");
    let url = format!("nats://{address}");
    let relay = NatsRelay::options().timeout(Duration::from_secs(3600));
    let relay = relay.connect(&url, ConnectOptions::new()).await.unwrap();
    tokio::spawn(relay.serve(transport("a1").inbound()));
    // A subscriber that never replies.
    let mute = async_nats::connect(&url).await.unwrap();
    let mut heard = mute.subscribe("mcp-sse.a2").await.unwrap();
    mute.flush().await.unwrap();
    let sender = relay.clone();
    let waiting = tokio::spawn(async move {
        let name = NodeName::new("a2").unwrap();
        loop {
            match sender.forward(&name, Bytes::from_static(b"x")).await {
                // Not connected yet.
                Err(RelayError::Unavailable(_)) => tokio::time::sleep(SHORT).await,
                other => return other,
            }
        }
    });
    heard.next().await.unwrap();
    nats.kill();
    let answer = tokio::time::timeout(Duration::from_secs(40), waiting).await;
    let answer = answer.expect("it waits on").unwrap();
    assert_eq!(answer, Err(RelayError::NoAnswer));
}

/// The permissions in the docs are what a node needs.
#[tokio::test]
async fn the_documented_permissions_are_enough_and_allow_nothing_else() {
    if !is_installed("nats-server") {
        return;
    }
    let docs = include_str!("../../src/lib.rs");
    let (_, rest) = docs.split_once("//! authorization {").unwrap();
    let (text, _) = rest.split_once("//! ```").unwrap();
    let block = text.replace("//!", "").replace("$A1_PASSWORD", "x");
    let user = &block[block.find('{').unwrap()..=block.rfind("}]").unwrap()];
    let other = user.replace("a1", "a2");
    let config = format!("authorization {{ users = [{user}, {other}] }}");
    let nats = Program::nats(free_address(), &config);
    let (_a1, owner) = node::start_as("a1", "a1", nats.address);
    let (_a2, edge) = node::start_as("a2", "a2", nats.address);
    let stream = open(owner).await;
    reaches(edge, &stream.uri).await;

    // A node cannot subscribe to the subject of another node with its own credentials.
    let (mut spy, _) = node::start_as("a1", "a2", nats.address);
    let complaint = spy.line("event: NATS: ");
    assert!(complaint.contains("mcp-sse.a1"), "{complaint}");
}
