//! Several nodes in processes of their own, behind real load balancers and over a real NATS server.
//!
//! A test whose server is not installed is left out, see `Program` in the testkit.
#![cfg(target_os = "linux")]

mod balancer;
mod cluster;
mod cost;
mod faults;
mod kit;
mod names;
mod node;
mod traffic;

use mcp_sse_testkit::{
    messages::ping,
    process::has_role,
    wire::{Conn, Stream},
};

/// Not a test: a node, in a process that a test starts.
#[test]
fn server() {
    if has_role("server") {
        node::run();
    }
}

/// Checks that a session answers a request.
async fn assert_echo(stream: &mut Stream, posts: &mut Conn, id: usize) {
    assert_eq!(posts.post(&stream.uri, &ping(id)).await.unwrap(), 202);
    let answer = stream.message().await.unwrap();
    assert_eq!(answer, Some(node::answer(id)));
}

/// The name of the node in a session's URI.
fn node_of(stream: &Stream) -> &str {
    let (_, node) = stream.uri.split_once("&node=").expect(&stream.uri);
    node
}
