//! Servers with few file descriptors or little memory.

use std::{io, time::Duration};

use mcp_sse_testkit::{
    messages::ping,
    process::Process,
    until,
    wire::{Conn, Stream, open},
};
use tokio::{task::JoinSet, time::timeout};

use crate::assert_echo;

/// How long a client waits for a stream. A server without free files does not answer at all.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_server_without_free_files_keeps_running_and_serves_again_later() {
    let (mut server, address) = Process::serve("ulimit -n 40;", &[]);
    let mut stream = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    assert_echo(&mut stream, &mut posts, 0).await;

    // More clients than file descriptors: at some point the next client gets no answer.
    let mut held = Vec::new();
    while let Ok(Ok(stream)) = timeout(SOON, Stream::open(address)).await {
        held.push(stream);
        assert!(held.len() < 40, "the limit is not in force");
    }
    assert!(held.len() > 10, "{}", held.len());
    assert!(server.is_alive());
    assert_echo(&mut stream, &mut posts, 1).await;

    held.truncate(held.len() / 2);
    until("a new stream", async || {
        matches!(timeout(SOON, Stream::open(address)).await, Ok(Ok(_)))
    })
    .await;
    assert_echo(&mut stream, &mut posts, 2).await;
    assert!(server.is_alive());
}

/// Posts messages of almost 4 MiB until one is not accepted. Returns how many were accepted.
async fn flood(address: std::net::SocketAddr, uri: String) -> io::Result<(usize, u16)> {
    let pad = "x".repeat(4_000_000);
    let text = format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{"pad":"{pad}"}}}}"#);
    for accepted in 0..50 {
        let mut posts = Conn::open(address).await?;
        let status = posts.post(&uri, &text).await?;
        if status != 202 {
            return Ok((accepted, status));
        }
    }
    Ok((50, 202))
}

#[tokio::test]
async fn a_server_with_little_memory_refuses_posts_and_keeps_running() {
    // Without bounds in bytes, the inboxes alone could hold 16 * 32 * 4 MB, which is 2 GB.
    let limit = "export MALLOC_ARENA_MAX=1; ulimit -v 500000;";
    let (mut server, address) = Process::serve(limit, &[]);
    let mut stream = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();

    // Handlers that do not receive.
    let mut held = Vec::new();
    let mut floods = JoinSet::new();
    for _ in 0..16 {
        let deaf = open(address).await;
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"deaf"}"#;
        assert_eq!(posts.post(&deaf.uri, text).await.unwrap(), 202);
        for _ in 0..3 {
            floods.spawn(flood(address, deaf.uri.clone()));
        }
        held.push(deaf);
    }
    // Clients that do not read.
    for _ in 0..16 {
        let unread = open(address).await;
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"flood"}"#;
        assert_eq!(posts.post(&unread.uri, text).await.unwrap(), 202);
        held.push(unread);
    }
    let mut all = 0;
    while let Some(flood) = floods.join_next().await {
        let (accepted, status) = flood.unwrap().expect("an answer");
        assert_eq!(status, 503);
        all += accepted;
    }
    // An empty inbox accepts a message larger than its bound, if its body finds room among all others.
    assert!((1..=16).contains(&all), "{all} accepted");
    assert!(server.is_alive());
    assert_echo(&mut stream, &mut posts, 1).await;
    drop(held);
    let mut another = open(address).await;
    assert_eq!(posts.post(&another.uri, &ping(2)).await.unwrap(), 202);
    assert!(another.message().await.unwrap().is_some());
}
