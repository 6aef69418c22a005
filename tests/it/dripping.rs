//! Bodies that drip: they hold room that others need.

use std::time::Duration;

use http::Response;
use mcp_sse_server::{
    RejectionKind, SseServerTransport,
    post::{PostBody, ResponseFuture},
    relay::{Relay, RelayFuture},
};
use mcp_sse_testkit::{
    bodies::Fed,
    handlers::silent,
    messages::{ping, with_len},
    polled::{Server, text_of},
    requests,
};
use tokio::time::{Instant, advance};
use tokio_test::{
    assert_pending, assert_ready, assert_ready_ok,
    task::{self, Spawn},
};
use tower::Service;

const MIB: usize = 1024 * 1024;
const SECOND: Duration = Duration::from_secs(1);

/// A body of 4 MiB that has begun.
struct Drip {
    fed: Fed,
    answer: Spawn<ResponseFuture<Fed>>,
}

impl Drip {
    fn begin<H: mcp_sse_server::Handler>(server: &Server<H>, uri: &str) -> Self {
        let fed = Fed::declaring(4 * MIB);
        let request = requests::post(uri, fed.clone());
        let mut answer = task::spawn(server.post.clone().call(request));
        assert_pending!(answer.poll());
        let mut drip = Self { fed, answer };
        drip.bring("{");
        drip
    }

    fn bring(&mut self, piece: &str) {
        self.fed.piece(piece);
        assert_pending!(self.answer.poll());
    }

    /// The client stops sending and reads the answer.
    async fn refused(self) -> Response<String> {
        text_of::<PostBody>(self.answer.await.unwrap()).await
    }
}

#[tokio::test(start_paused = true)]
async fn bodies_that_drip_give_way_to_others() {
    let text = with_len(100_000);
    let server = Server::new(silent);
    let mut streams: Vec<_> = (0..13).map(|_| server.open()).collect();
    // The clients read.
    streams
        .iter_mut()
        .for_each(|stream| assert_eq!(stream.poll(), None));
    let (last, others) = streams.split_last().unwrap();
    // 12 sessions hold the whole budget for large bodies, 48 MiB.
    let mut drips: Vec<_> = others
        .iter()
        .map(|other| Drip::begin(&server, &other.uri))
        .collect();
    for _ in 0..10 {
        // A body that nobody waits for may take its time.
        advance(30 * SECOND).await;
        drips.iter_mut().for_each(|drip| drip.bring(" "));
    }
    let start = Instant::now();
    let mut post = task::spawn(server.post(&last.uri, &text));
    assert_pending!(post.poll());
    advance(2 * SECOND).await;
    for drip in &mut drips {
        assert!(drip.answer.is_woken(), "it gives way");
        // The answer comes when the rest was drained, but its room is free.
        assert_pending!(drip.answer.poll());
    }
    assert!(post.is_woken());
    assert_eq!(post.await.status(), 202);
    assert_eq!(start.elapsed(), 2 * SECOND);
    for drip in drips {
        let refused = drip.refused().await;
        assert_eq!(refused.status(), 503);
        let kind = refused.extensions().get::<RejectionKind>();
        assert_eq!(kind, Some(&RejectionKind::ServerBusy));
        assert_eq!(
            refused.body(),
            "Server is busy: the body arrives slowly, and others wait for its room"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_arrives_fast_enough_does_not_give_way() {
    let text = with_len(100_000);
    let server = Server::with(silent, |transport| transport.in_flight_bytes(4 * MIB));
    let (one, two) = (server.open(), server.open());
    let mut large = Drip::begin(&server, &one.uri);
    // 32 KiB in half of the delivery timeout of 3 s.
    let piece = " ".repeat(16 * 1024);
    for turn in 0..10 {
        advance(SECOND / 2).await;
        large.bring(&piece);
        advance(SECOND / 2).await;
        large.bring(&piece);
        if turn % 4 == 0 {
            let mut busy = task::spawn(server.post(&two.uri, &text));
            assert_pending!(busy.poll());
        }
    }
    assert_pending!(large.answer.poll());
    // It becomes slow while the other waits.
    let mut post = task::spawn(server.post(&two.uri, &text));
    assert_pending!(post.poll());
    assert_pending!(large.answer.poll());
    advance(SECOND).await;
    assert!(!large.answer.is_woken());
    advance(SECOND).await;
    assert!(large.answer.is_woken());
    assert_eq!(large.refused().await.status(), 503);
    assert_eq!(post.await.status(), 202);
}

#[tokio::test(start_paused = true)]
async fn large_bodies_do_not_keep_small_ones_waiting() {
    let server = Server::new(silent);
    let streams: Vec<_> = (0..13).map(|_| server.open()).collect();
    let (last, others) = streams.split_last().unwrap();
    let mut drips: Vec<_> = others
        .iter()
        .map(|other| Drip::begin(&server, &other.uri))
        .collect();
    let (large, largest_small) = (with_len(64 * 1024 + 1), with_len(64 * 1024));
    let mut waits = task::spawn(server.post(&last.uri, &large));
    assert_pending!(waits.poll());
    // They are never slow, so they do not give way.
    let piece = " ".repeat(33 * 1024);
    for turn in 0..20 {
        advance(SECOND).await;
        drips.iter_mut().for_each(|drip| drip.bring(&piece));
        // Also that of a session whose own large body arrives.
        let stream = &streams[turn % streams.len()];
        let mut small = task::spawn(server.post(&stream.uri, &largest_small));
        assert_eq!(assert_ready!(small.poll()).status(), 202);
        drop(small);
    }
    assert!(waits.is_woken());
    assert_eq!(waits.await.status(), 503);
}

#[tokio::test(start_paused = true)]
async fn small_bodies_that_drip_give_way_to_small_ones() {
    let server = Server::with(silent, |transport| transport.in_flight_bytes(256 * 1024));
    let (one, two) = (server.open(), server.open());
    let text = ping(1);
    let fed = Fed::declaring(64 * 1024);
    let mut drip = task::spawn(
        server
            .post
            .clone()
            .call(requests::post(&one.uri, fed.clone())),
    );
    assert_pending!(drip.poll());
    let mut post = task::spawn(server.post(&two.uri, &text));
    assert_pending!(post.poll());
    advance(2 * SECOND).await;
    assert!(drip.is_woken());
    assert_pending!(drip.poll());
    assert_eq!(post.await.status(), 202);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_that_grows_large_gives_back_the_room_of_small_ones() {
    // 64 KiB for small bodies, and 4 MiB for large ones.
    let server = Server::with(silent, |transport| transport.in_flight_bytes(256 * 1024));
    let (one, two, three) = (server.open(), server.open(), server.open());
    let text = ping(1);
    let fed = Fed::default();
    let mut grows = task::spawn(
        server
            .post
            .clone()
            .call(requests::post(&one.uri, fed.clone())),
    );
    fed.piece(&" ".repeat(64 * 1024));
    assert_pending!(grows.poll());
    let mut small = task::spawn(server.post(&two.uri, &text));
    assert_pending!(small.poll());
    fed.piece(" ");
    assert_pending!(grows.poll());
    assert!(small.is_woken());
    assert_eq!(assert_ready!(small.poll()).status(), 202);
    // Now it has room among the large ones, and gives way to them.
    let whole = with_len(4 * MIB);
    let mut large = task::spawn(server.post(&three.uri, &whole));
    assert_pending!(large.poll());
    assert_pending!(grows.poll());
    advance(2 * SECOND).await;
    assert!(grows.is_woken());
    assert_pending!(grows.poll());
    assert_eq!(large.await.status(), 202);
}

/// Accepts everything.
struct Accepts;

impl Relay for Accepts {
    fn forward<'a>(
        &'a self,
        _: &'a mcp_sse_server::endpoint::NodeName,
        _: bytes::Bytes,
    ) -> RelayFuture<'a> {
        Box::pin(async { Ok(bytes::Bytes::from_static(b"+")) })
    }
}

/// No session is needed for them.
#[tokio::test(start_paused = true)]
async fn bodies_that_drip_for_another_node_give_way_to_others() {
    let text = with_len(100_000);
    const ELSEWHERE: &str = "/messages/?session_id=0123456789abcdef0123456789abcdef&node=a2";
    let transport = SseServerTransport::new("/messages/", silent).unwrap();
    let server = Server::of(&transport.node("a1").unwrap().relay(Accepts));
    let drips: Vec<_> = (0..12).map(|_| Drip::begin(&server, ELSEWHERE)).collect();
    advance(2 * SECOND).await;
    let mut post = task::spawn(server.post(ELSEWHERE, &text));
    assert_pending!(post.poll());
    for drip in drips {
        assert!(drip.answer.is_woken());
        assert_eq!(drip.refused().await.status(), 503);
    }
    assert_eq!(post.await.status(), 202);
}

#[tokio::test(start_paused = true)]
async fn a_body_is_not_refused_as_slow_while_nobody_waits() {
    let server = Server::new(silent);
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    let text = with_len(100);
    let fed = Fed::declaring(text.len());
    let mut answer = task::spawn(
        server
            .post
            .clone()
            .call(requests::post(&stream.uri, fed.clone())),
    );
    for byte in std::str::from_utf8(&text).unwrap().chars() {
        assert_pending!(answer.poll());
        advance(20 * SECOND).await;
        fed.piece(&byte.to_string());
    }
    fed.finish();
    assert_eq!(assert_ready_ok!(answer.poll()).status(), 202);
}
