//! SIGTERM, with a thousand streams open and messages on their way, and with clients that would delay it.

use std::{
    path::PathBuf,
    process::Command,
    time::{Duration, Instant},
};

use mcp_sse_testkit::{
    process::Process,
    until,
    wire::{self, Conn, GET, Stream, open},
};
use tokio::task::JoinSet;

use crate::server;

const STREAMS: usize = 1_000;
const EACH: usize = 3;

async fn stops_in_order(stack: &str) {
    let (mut server, address) = Process::serve("", &[(server::STACK, stack.to_owned())]);
    let mut posts = Conn::open(address).await.unwrap();
    let mut streams = Vec::new();
    for _ in 0..STREAMS {
        streams.push(open(address).await);
    }
    // Each message takes some time, so that most messages still wait when the signal arrives.
    for id in 0..EACH {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"slow"}}"#);
        for stream in &streams {
            assert_eq!(posts.post(&stream.uri, &text).await.unwrap(), 202);
        }
    }
    drop(posts);
    server.signal("TERM");
    let start = Instant::now();
    let mut reads = JoinSet::new();
    for mut stream in streams {
        reads.spawn(async move {
            for id in 0..EACH {
                let message = stream.message().await.unwrap();
                assert_eq!(message, Some(server::answer(id, "")), "lost");
            }
            assert_eq!(stream.message().await.unwrap(), None);
        });
    }
    while let Some(read) = reads.join_next().await {
        read.unwrap();
    }
    server.line("connections ended");
    let status = server.wait();
    assert!(status.success(), "{status}");
    // The last session is drained at the end of the window. The rest is time for the handlers and for a busy
    // machine.
    let after = start.elapsed();
    assert!(after < server::WINDOW + Duration::from_secs(5), "{after:?}");
}

#[tokio::test]
async fn axum_shuts_down_gracefully() {
    stops_in_order("axum").await;
}

#[tokio::test]
async fn hyper_shuts_down_gracefully() {
    stops_in_order("hyper").await;
}

/// Clients that a graceful shutdown without a bound would wait for.
async fn obstacles(address: std::net::SocketAddr, path: &str) -> Vec<Conn> {
    let mut all = Vec::new();
    let half_head = &GET[..20];
    let get = GET.replace("/sse", path);
    // Half a request's head, and an idle connection.
    let mut texts = vec![half_head.to_owned(), String::new()];
    // A stream that is not read, and a body of which one byte is there. Some servers refuse the stream.
    if let Ok(stream) = Stream::open_with(address, &get).await {
        texts.push(wire::post_head(&stream.uri, 100) + "{");
        all.push(stream.conn);
    }
    for text in texts {
        let mut conn = Conn::open(address).await.unwrap();
        conn.write(text).await.unwrap();
        all.push(conn);
    }
    all
}

async fn stops_in_time(stack: &str) {
    let (mut server, address) = Process::serve("", &[(server::STACK, stack.to_owned())]);
    let mut posts = Conn::open(address).await.unwrap();
    // These clients ask for much, and do not read.
    let mut held = Vec::new();
    for _ in 0..3 {
        let unread = open(address).await;
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"flood"}"#;
        assert_eq!(posts.post(&unread.uri, text).await.unwrap(), 202);
        held.push(unread);
    }
    let _obstacles = obstacles(address, "/sse").await;
    server.signal("TERM");
    let start = Instant::now();
    server.line("connections are cut");
    assert!(server.wait().success());
    let after = start.elapsed();
    println!("{stack} stops after {:.1} s", after.as_secs_f64());
    // The deadline of the shutdown is 10 s.
    let most = Duration::from_secs(10) + server::GRACE;
    assert!(after < most + Duration::from_secs(10), "{after:?}");
}

#[tokio::test]
async fn axum_stops_in_time_with_clients_that_do_not_read() {
    stops_in_time("axum").await;
}

#[tokio::test]
async fn hyper_stops_in_time_with_clients_that_do_not_read() {
    stops_in_time("hyper").await;
}

/// An example of this workspace.
fn example(name: &str) -> PathBuf {
    let binary = std::env::current_exe().unwrap();
    binary
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples")
        .join(name)
}

#[tokio::test]
async fn examples_stop_in_time_with_clients_that_do_not_read() {
    // `cargo test --test faults` builds no examples. This is what `cargo test --workspace` has built.
    let mut build = Command::new(env!("CARGO"));
    let built = build.args(["build", "--quiet", "--workspace", "--examples"]);
    assert!(built.status().unwrap().success());
    for (name, path) in [
        ("quickstart", "/sse"),
        ("axum", "/api/sse"),
        ("auth", "/sse"),
        ("endpoints", "/"),
        ("observe", "/sse"),
        ("rmcp", "/sse"),
    ] {
        let mut server = Process::start(Command::new(example(name)).arg("127.0.0.1:0"));
        let url = server.line("http://");
        let address = url.split('/').next().unwrap().parse().unwrap();
        let _obstacles = obstacles(address, path).await;
        server.interrupt();
        let start = Instant::now();
        until("the example ends", async || !server.is_alive()).await;
        assert!(server.wait().success());
        println!("{name} stops after {:.1} s", start.elapsed().as_secs_f64());
    }
}
