//! SIGTERM, with a thousand streams open and messages on their way.

use std::time::{Duration, Instant};

use mcp_sse_testkit::{
    process::Process,
    wire::{Conn, open},
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
