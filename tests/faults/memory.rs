//! The memory of a server whose clients try to make it hold more than its bounds count.

use std::net::SocketAddr;

use mcp_sse_testkit::{
    messages::ping,
    process::{Process, system},
    until,
    wire::{self, Conn, Refused, Stream, open},
};

use crate::{assert_echo, server};

/// One arena, so that freed memory is found again.
const ARENA: &str = "export MALLOC_ARENA_MAX=1;";
const MIB: u64 = 1024;

/// A session whose handler takes no more messages.
async fn deaf(address: SocketAddr) -> Stream {
    let mut posts = Conn::open(address).await.unwrap();
    let stream = open(address).await;
    let text = r#"{"jsonrpc":"2.0","id":1,"method":"deaf"}"#;
    assert_eq!(posts.post(&stream.uri, text).await.unwrap(), 202);
    stream
}

#[tokio::test]
async fn messages_that_wait_hold_no_more_memory_than_they_weigh() {
    const SESSIONS: u64 = 16;
    const UNKNOWN: &str = "/messages/?session_id=0123456789abcdef0123456789abcdef";
    let (server, address) = Process::serve(ARENA, &[]);
    let mut held = Vec::new();
    let mut before = 0;
    for session in 0..=SESSIONS {
        // The first session takes what the process takes once.
        if session == 1 {
            before = system::rss(server.id());
        }
        let stream = deaf(address).await;
        // Refused bytes make hyper's read buffer large.
        let mut posts = Conn::open(address).await.unwrap();
        let junk = wire::post(UNKNOWN, " ".repeat(4_000_000));
        posts.write(junk).await.unwrap();
        assert_eq!(posts.answer().await.unwrap(), 404);
        let long = format!("{}&x={}", stream.uri, "y".repeat(20_000));
        for n in 0..31 {
            let uri = if n % 2 == 0 { &stream.uri } else { &long };
            assert_eq!(posts.post(uri, &ping(n)).await.unwrap(), 202, "message {n}");
        }
        // Without this connection, only the session holds memory.
        drop(posts);
        held.push(stream);
    }
    let each = system::rss(server.id()).saturating_sub(before) / SESSIONS;
    println!("31 small messages behind 4 MB of junk: {each} KiB for each session");
    // Half of the messages have a URI of 20 kB, so about 310 kB are counted.
    assert!(each < MIB, "{each} KiB for each session");
}

#[tokio::test]
async fn a_session_keeps_a_bounded_part_of_its_get() {
    const SESSIONS: u64 = 32;
    let (server, address) = Process::serve(ARENA, &[]);
    let get = |len: usize| {
        let cookie = "c".repeat(len);
        format!("GET /sse HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n")
    };
    match Stream::open_with(address, &get(350_000)).await {
        Err(Refused::Status(status)) => assert_eq!(status, 431),
        _ => panic!("a head of 350 kB is refused"),
    }
    let mut held = vec![open(address).await];
    let before = system::rss(server.id());
    for _ in 0..SESSIONS {
        match Stream::open_with(address, &get(60_000)).await {
            Ok(stream) => held.push(stream),
            Err(_) => panic!("a head of 60 kB is accepted"),
        }
    }
    let each = system::rss(server.id()).saturating_sub(before) / SESSIONS;
    println!("a GET with a head of 60 kB: {each} KiB for each session");
    // The connection's own buffer is part of it.
    assert!(each < MIB / 2, "{each} KiB for each session");
}

/// Clients that ask for much and do not read: their sessions end, their streams do not.
#[tokio::test]
async fn the_cap_counts_streams_that_nobody_reads() {
    const MOST: usize = 5;
    let settings = [
        (server::SESSIONS, MOST.to_string()),
        (server::STALL, "100".to_owned()),
    ];
    let (mut server, address) = Process::serve(ARENA, &settings);
    let mut posts = Conn::open(address).await.unwrap();
    let mut held = Vec::new();
    for _ in 0..MOST {
        let unread = open(address).await;
        let text = r#"{"jsonrpc":"2.0","id":1,"method":"flood"}"#;
        assert_eq!(posts.post(&unread.uri, text).await.unwrap(), 202);
        held.push(unread);
    }
    for unread in &held {
        until("a stalled session is closed", async || {
            posts.post(&unread.uri, &ping(1)).await.unwrap() == 404
        })
        .await;
    }
    let before = system::rss(server.id());
    for _ in 0..20 {
        match Stream::open(address).await {
            Err(Refused::Status(status)) => assert_eq!(status, 503),
            _ => panic!("no session is open, and {MOST} streams are"),
        }
    }
    let after = system::rss(server.id());
    println!("{MOST} streams that nobody reads: {after} KiB");
    assert!(after < before + 4 * MIB, "{before} KiB, then {after} KiB");
    // When a stream is gone, its place is free.
    held.pop();
    let mut stream = None;
    until("a place is free", async || {
        stream = Stream::open(address).await.ok();
        stream.is_some()
    })
    .await;
    assert_echo(&mut stream.unwrap(), &mut posts, 1).await;
    assert!(server.is_alive());
}
