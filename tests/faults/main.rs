//! Servers in processes of their own, over real TCP, while parts of the system fail.
//!
//! The processes are this test binary in another role: a server with limited resources, and a client that
//! can be stopped.
#![cfg(target_os = "linux")]

mod limits;
mod memory;
mod pause;
mod proxy;
mod server;
mod slow;
mod stop;
mod vanished;

use mcp_sse_testkit::{
    messages::ping,
    process,
    wire::{Conn, Stream},
};

/// Not a test: the server of all tests, in its own process.
#[test]
fn server() {
    if process::has_role("server") {
        server::run();
    }
}

/// Not a test: a client that can be stopped, in its own process.
#[test]
fn client() {
    if process::has_role("client") {
        pause::run_client();
    }
}

/// Not a test: a server and a client whose network breaks, in a network namespace of their own.
#[test]
fn vanished() {
    if process::has_role("vanished") {
        vanished::run();
    }
}

/// Checks that a session works.
async fn assert_echo(stream: &mut Stream, posts: &mut Conn, id: usize) {
    assert_eq!(posts.post(&stream.uri, &ping(id)).await.unwrap(), 202);
    assert_eq!(
        stream.message().await.unwrap(),
        Some(server::answer(id, ""))
    );
}
