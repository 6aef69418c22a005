//! Several nodes in processes of their own, behind real load balancers and over a real NATS server.
//!
//! A test whose server is not installed is left out, see `programs.rs`.
#![cfg(target_os = "linux")]

mod balancer;
#[path = "../../../../examples/soak/client.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod client;
mod cluster;
mod cost;
mod faults;
mod kit;
mod names;
mod node;
#[path = "../../../../tests/faults/process.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod process;
mod programs;
#[path = "../../../../tests/relay_kit/mod.rs"]
mod relay_kit;
mod traffic;
mod wire;

use std::net::SocketAddr;

use self::client::{Conn, Refused, Stream};

/// Not a test: a node, in a process that a test starts.
#[test]
fn server() {
    if process::role() == Some("server") {
        node::run();
    }
}

fn echo(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"echo"}}"#)
}

async fn open(address: SocketAddr) -> Stream {
    match Stream::open(address).await {
        Ok(stream) => stream,
        Err(Refused::Status(status)) => panic!("no stream: {status}"),
        Err(Refused::Io(error)) => panic!("no stream: {error}"),
    }
}

/// Checks that a session answers a request.
async fn assert_echo(stream: &mut Stream, posts: &mut Conn, id: usize) {
    assert_eq!(posts.post(&stream.uri, &echo(id)).await.unwrap(), 202);
    let answer = stream.message().await.unwrap();
    assert_eq!(answer, Some(node::answer(id)));
}

/// The name of the node in a session's URI.
fn node_of(stream: &Stream) -> &str {
    let (_, node) = stream.uri.split_once("&node=").expect(&stream.uri);
    node
}
