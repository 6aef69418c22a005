//! Clients that are slow, and a server that was stopped.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use mcp_sse_testkit::{
    messages::{ping, with_len},
    process::{Process, system},
    until,
    wire::{Conn, Stream, open, post_head},
};
use tokio::{io::AsyncReadExt, time::sleep};

use crate::server;

/// The stall timeout of these servers, except one.
const STALL: Duration = Duration::from_secs(2);

fn serve(stall: Duration) -> (Process, SocketAddr) {
    Process::serve("", &[(server::STALL, stall.as_millis().to_string())])
}

/// Reads up to the end of a large answer, this many bytes at a time. Returns how long it took.
async fn read_large(stream: &mut Stream, bytes: usize, pause: Duration) -> Duration {
    let start = Instant::now();
    let mut buffer = vec![0; bytes];
    let mut read = 0;
    while read < server::LARGE {
        let len = stream.conn.tcp.read(&mut buffer).await.unwrap();
        assert!(len > 0, "cut after {read} bytes and {:?}", start.elapsed());
        read += len;
        sleep(pause).await;
    }
    start.elapsed()
}

#[tokio::test]
async fn a_client_that_reads_a_large_answer_without_pause_is_not_cut() {
    let (_server, address) = serve(STALL);
    let mut stream = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"large"}"#;
    assert_eq!(posts.post(&stream.uri, text).await.unwrap(), 202);
    // About 1 MB/s: the answer takes several times the stall timeout.
    let took = read_large(&mut stream, 32 * 1024, Duration::from_millis(30)).await;
    println!("8 MB read in {took:.1?}, with a stall timeout of {STALL:?}");
    assert!(took > 2 * STALL, "the client was too fast: {took:?}");
    assert_eq!(posts.post(&stream.uri, &ping(2)).await.unwrap(), 202);
}

#[tokio::test]
async fn a_server_process_that_was_stopped_keeps_its_sessions() {
    // From the last bytes that it writes until it is stopped, less time must pass than this.
    const STALL: Duration = Duration::from_secs(6);
    let (server, address) = serve(STALL);
    let mut stream = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"flood"}"#;
    assert_eq!(posts.post(&stream.uri, text).await.unwrap(), 202);
    let mut buffer = vec![0; 64 * 1024];
    for _ in 0..100 {
        assert!(stream.conn.tcp.read(&mut buffer).await.unwrap() > 0);
    }
    // When the buffers are full, the server waits for the client, and its count stands still. `until` looks every 20 ms.
    let (mut written, mut looks) = (0, 0);
    until("the server writes no more", async || {
        let before = std::mem::replace(&mut written, system::written(server.id()));
        looks = if before == written { looks + 1 } else { 0 };
        looks == 10
    })
    .await;
    server.signal("STOP");
    until("it is stopped", async || system::is_stopped(server.id())).await;
    sleep(2 * STALL).await;
    // The client reads what is there, while the server cannot notice it.
    for _ in 0..20 {
        assert!(stream.conn.tcp.read(&mut buffer).await.unwrap() > 0);
    }
    server.signal("CONT");
    let mut read = 0;
    while read < 20_000_000 {
        let len = stream.conn.tcp.read(&mut buffer).await.unwrap();
        assert!(len > 0, "cut after {read} bytes");
        read += len;
    }
    assert_eq!(posts.post(&stream.uri, &ping(2)).await.unwrap(), 202);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_refused_and_ends_with_its_session() {
    let (_server, address) = serve(STALL);
    let stream = open(address).await;
    let post = |head: String| async move {
        let mut conn = Conn::open(address).await.unwrap();
        conn.write(head).await.unwrap();
        conn
    };
    let chunked =
        post_head(&stream.uri, 0).replace("content-length: 0", "transfer-encoding: chunked");
    let start = Instant::now();
    let mut sized = post(post_head(&stream.uri, 100)).await;
    let mut chunked = post(chunked).await;
    for conn in [&mut sized, &mut chunked] {
        assert_eq!(conn.answer().await.unwrap(), 400);
    }
    println!(
        "no body: 400 after {:.1?}, with a stall timeout of {STALL:?}",
        start.elapsed()
    );
    // When the client is gone, its body is not waited for.
    let mut waiting = post(post_head(&stream.uri, 100)).await;
    let start = Instant::now();
    drop(stream);
    assert_eq!(waiting.answer().await.unwrap(), 404);
    println!("the session ends: 404 after {:.1?}", start.elapsed());
}

#[tokio::test]
async fn sixteen_sessions_that_drip_do_not_block_the_posts_of_others() {
    let (_server, address) = Process::serve("", &[]);
    let mut drips = Vec::new();
    for _ in 0..16 {
        let stream = open(address).await;
        let mut conn = Conn::open(address).await.unwrap();
        conn.write(post_head(&stream.uri, 4 * 1024 * 1024) + "{")
            .await
            .unwrap();
        drips.push((stream, conn));
    }
    let stream = open(address).await;
    let mut posts = Conn::open(address).await.unwrap();
    // A small body has room beside them, and a large one gets theirs.
    assert_eq!(posts.post(&stream.uri, &ping(1)).await.unwrap(), 202);
    let start = Instant::now();
    let large = String::from_utf8(with_len(100_000).into()).unwrap();
    // The delivery timeout of this server is half a second.
    until("a POST is accepted", async || {
        for (_, drip) in &mut drips {
            let _ = drip.write(" ").await;
        }
        posts.post(&stream.uri, &large).await.unwrap() == 202
    })
    .await;
    println!(
        "16 bodies drip: a large POST of another session is accepted after {:.1?}",
        start.elapsed()
    );
}
