//! The keep-alive, in paused time.

use std::time::Duration;

use mcp_sse_server::Message;
use mcp_sse_testkit::{
    handlers::silent,
    messages::{event, ping},
    polled::Server,
};
use tokio::time::{Instant, advance};

#[tokio::test(start_paused = true)]
async fn a_silent_stream_sends_a_comment_every_eight_seconds() {
    let server = Server::new(silent);
    let mut stream = server.open();
    let start = Instant::now();
    for n in 1..=4 {
        assert_eq!(stream.next().await.as_deref(), Some(":\n"));
        let silence = start.elapsed().as_millis();
        assert!(
            (n * 8_000..n * 8_000 + 10).contains(&silence),
            "{n}: {silence} ms"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_delays_the_next_comment() {
    let server = Server::with(silent, |transport| {
        transport.keep_alive(Duration::from_secs(10))
    });
    let mut stream = server.open();
    let sender = server.sessions.get(&stream.id()).unwrap();
    assert_eq!(stream.poll(), None);
    for _ in 0..5 {
        advance(Duration::from_secs(9)).await;
        sender.send(Message::parse(ping(1)).unwrap()).await.unwrap();
        assert_eq!(stream.poll(), Some(Some(event(&ping(1)))));
        assert_eq!(stream.poll(), None);
    }
    let last = Instant::now();
    assert_eq!(stream.next().await.as_deref(), Some(":\n"));
    let silence = last.elapsed().as_millis();
    assert!((10_000..10_010).contains(&silence), "{silence} ms");
}

#[tokio::test(start_paused = true)]
async fn none_and_zero_turn_the_keep_alive_off() {
    for off in [None, Some(Duration::ZERO)] {
        let server = Server::with(silent, |transport| transport.keep_alive(off));
        let mut stream = server.open();
        let next = tokio::time::timeout(Duration::from_secs(100_000), stream.next()).await;
        assert!(next.is_err(), "{off:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_largest_interval_does_not_panic() {
    let server = Server::with(silent, |transport| transport.keep_alive(Duration::MAX));
    let mut stream = server.open();
    let next = tokio::time::timeout(Duration::from_secs(100_000), stream.next()).await;
    assert!(next.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_shortest_interval_does_not_flood() {
    let server = Server::with(silent, |transport| {
        transport.keep_alive(Duration::from_nanos(1))
    });
    let mut stream = server.open();
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(stream.next().await.as_deref(), Some(":\n"));
    }
    let time = start.elapsed();
    assert!(time >= Duration::from_millis(100), "{time:?}");
}
