//! Servers in processes of their own, over real TCP, while the system around them fails.
//!
//! The processes are this very binary, started again with a role in its environment: a server that
//! may be short of something, and a client that can be stopped.
#![cfg(target_os = "linux")]

#[path = "../../examples/soak/client.rs"]
#[allow(dead_code, reason = "the client of the soak, of which this needs less")]
mod client;
mod limits;
mod pause;
#[allow(dead_code, reason = "other tests start processes, too, and need more")]
mod process;
mod proxy;
mod server;
mod stop;

use std::time::Duration;

use self::client::{Conn, Stream};

/// Not a test: the server of all others, where it is asked for.
#[test]
fn server() {
    if process::role() == Some("server") {
        server::run();
    }
}

/// Not a test: a client that can be stopped.
#[test]
fn client() {
    if process::role() == Some("client") {
        pause::run_client();
    }
}

fn echo(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"echo"}}"#)
}

/// Shows that a session works.
async fn assert_echo(stream: &mut Stream, posts: &mut Conn, id: usize) {
    assert_eq!(posts.post(&stream.uri, &echo(id)).await.unwrap(), 202);
    assert_eq!(
        stream.message().await.unwrap(),
        Some(server::answer(id, ""))
    );
}

/// Asks until it is so. The limit is far beyond any real run.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let start = tokio::time::Instant::now();
    while !so().await {
        assert!(
            start.elapsed() < Duration::from_secs(40),
            "not within 40 s: {what}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn open(address: std::net::SocketAddr) -> Stream {
    match Stream::open(address).await {
        Ok(stream) => stream,
        Err(client::Refused::Status(status)) => panic!("no stream: {status}"),
        Err(client::Refused::Io(error)) => panic!("no stream: {error}"),
    }
}
