//! The checks of the testkit against a real Redis, and what happens while Redis is away.
#![cfg(target_os = "linux")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use mcp_sse_server::{
    Session, SseServerTransport,
    endpoint::NodeName,
    relay::{Inbound, Relay, RelayError},
};
use mcp_sse_server_redis_relay::RedisRelay;
use mcp_sse_testkit::{
    PATIENCE,
    process::{Program, free_address, is_installed},
    relay_kit::{self, Engine, Serving},
};

struct Redis(Program);

fn start(address: std::net::SocketAddr) -> Program {
    let port = address.port().to_string();
    let args = ["--bind", "127.0.0.1", "--port", &port, "--save", ""];
    Program::start("redis-server", &args, address)
}

fn url(address: std::net::SocketAddr) -> String {
    format!("redis://{address}")
}

impl Engine for Redis {
    type End = RedisRelay;

    async fn connect(&self) -> RedisRelay {
        RedisRelay::connect(&url(self.0.address)).await.unwrap()
    }

    async fn serve(&self, end: &RedisRelay, inbound: Inbound) -> Serving {
        let name = inbound.node().clone();
        let serving = Serving(tokio::spawn(end.clone().serve(inbound)));
        is_there(end, &name).await;
        serving
    }

    async fn limit(&self) -> Option<usize> {
        None
    }
}

/// Waits until a node serves. Sends text that is not a `POST`, which the node answers with a refusal.
async fn is_there(end: &RedisRelay, name: &NodeName) {
    let start = Instant::now();
    while end.forward(name, Bytes::from_static(b"?")).await.is_err() {
        assert!(start.elapsed() < PATIENCE, "{name} is not there");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn redis_does_what_the_kit_asks() {
    if !is_installed("redis-server") {
        return;
    }
    relay_kit::check(&Redis(start(free_address()))).await;
}

#[tokio::test]
async fn redis_may_go_and_come_back() {
    if !is_installed("redis-server") {
        return;
    }
    let address = free_address();
    let redis = start(address);
    let end = RedisRelay::connect(&url(address)).await.unwrap();
    let transport = SseServerTransport::new("/messages/", |_: Session| async {}).unwrap();
    let inbound = transport.node("a1").unwrap().inbound();
    let name = inbound.node().clone();
    tokio::spawn(end.clone().serve(inbound));
    is_there(&end, &name).await;
    redis.kill();
    let start_of_wait = Instant::now();
    loop {
        match end.forward(&name, Bytes::from_static(b"?")).await {
            Err(RelayError::Unavailable(_)) => break,
            // The `POST` was sent when the connection broke.
            Err(RelayError::NoAnswer) => {}
            other => panic!("{other:?}"),
        }
        assert!(start_of_wait.elapsed() < PATIENCE);
    }
    let _redis = start(address);
    let start = Instant::now();
    loop {
        match end.forward(&name, Bytes::from_static(b"?")).await {
            Ok(_) => break,
            // The session lives, so its client must not be told that it is gone.
            Err(RelayError::NoSuchNode) => panic!("404 for a living session"),
            Err(_) => assert!(start.elapsed() < PATIENCE, "it is not there"),
        }
    }
    // When all nodes have had the time to come back, a node that did not is gone.
    let other = NodeName::new("a2").unwrap();
    loop {
        match end.forward(&other, Bytes::from_static(b"?")).await {
            Err(RelayError::NoSuchNode) => break,
            Err(RelayError::Unavailable(_)) => assert!(start.elapsed() < PATIENCE),
            answer => panic!("{answer:?}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("settled after {:.1} s", start.elapsed().as_secs_f64());
}
