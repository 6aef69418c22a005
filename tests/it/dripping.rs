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
    assert_pending, assert_ready_ok,
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
    let text = ping(1);
    let server = Server::new(silent);
    let mut streams: Vec<_> = (0..17).map(|_| server.open()).collect();
    // The clients read.
    streams
        .iter_mut()
        .for_each(|stream| assert_eq!(stream.poll(), None));
    let (last, others) = streams.split_last().unwrap();
    // 16 sessions hold the whole budget of 64 MiB.
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
    let text = ping(1);
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
    let text = ping(1);
    const ELSEWHERE: &str = "/messages/?session_id=0123456789abcdef0123456789abcdef&node=a2";
    let transport = SseServerTransport::new("/messages/", silent).unwrap();
    let server = Server::of(&transport.node("a1").unwrap().relay(Accepts));
    let drips: Vec<_> = (0..16).map(|_| Drip::begin(&server, ELSEWHERE)).collect();
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
