//! Bounds in bytes: of an inbox, of an outbox, of all bodies that are on their way into an inbox.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use mcp_sse_server::{Handler, Message, Session, session::TrySendError};
use mcp_sse_testkit::{
    bodies::Fed,
    messages::ping,
    polled::{Server, text_of},
    requests,
};
use tokio_test::{assert_pending, assert_ready, assert_ready_ok, task};
use tower::Service;

type Slot = Arc<Mutex<Vec<Session>>>;

fn server(
    options: impl FnOnce(
        mcp_sse_server::SseServerTransport<Box<dyn Keep>>,
    ) -> mcp_sse_server::SseServerTransport<Box<dyn Keep>>,
) -> (Server<Box<dyn Keep>>, Slot) {
    let slot = Slot::default();
    let sessions = Arc::clone(&slot);
    let keep: Box<dyn Keep> = Box::new(move |session: Session| {
        sessions.lock().unwrap().push(session);
        std::future::pending()
    });
    (Server::with(keep, options), slot)
}

/// A handler that gives its sessions to the test.
trait Keep: Fn(Session) -> std::future::Pending<()> {}
impl<F: Fn(Session) -> std::future::Pending<()>> Keep for F {}

/// A message of `len` bytes.
fn sized(bytes: usize) -> String {
    let empty = r#"{"jsonrpc":"2.0","method":"x","params":{"x":""}}"#;
    empty.replace(
        r#""""#,
        &format!(r#""{}""#, "y".repeat(bytes - empty.len())),
    )
}

#[tokio::test(start_paused = true)]
async fn an_inbox_is_bounded_in_bytes_and_accepts_a_larger_message_when_empty() {
    let (server, slot) = server(|transport| transport.queue_bytes(10_000));
    let stream = server.open();
    let mut session = slot.lock().unwrap().pop().unwrap();
    server.post_now(&stream.uri, sized(5_000));
    let half = sized(5_000);
    let mut waiting = task::spawn(server.post(&stream.uri, &half));
    assert_pending!(waiting.poll());
    session.recv().await.unwrap();
    assert!(waiting.is_woken());
    assert_eq!(assert_ready!(waiting.poll()).status(), 202);
    session.recv().await.unwrap();

    server.post_now(&stream.uri, sized(100_000));
    let busy = server.post(&stream.uri, &ping(1)).await;
    assert_eq!(
        (
            busy.status().as_u16(),
            busy.headers()["retry-after"].as_bytes()
        ),
        (503, &b"1"[..])
    );
    assert_eq!(busy.body(), "Session is busy");
    assert_eq!(
        session.recv().await.unwrap().message.as_str().len(),
        100_000
    );
    server.post_now(&stream.uri, ping(2));
}

#[tokio::test]
async fn headers_count_towards_the_bytes_of_an_inbox() {
    let (server, slot) = server(|transport| transport.queue_bytes(10_000));
    let stream = server.open();
    let _session = slot.lock().unwrap().pop().unwrap();
    for (id, status) in [(0, 202), (1, 202), (2, 202)] {
        let mut request = requests::post_text(&stream.uri, ping(id));
        request
            .headers_mut()
            .insert("x-large", "y".repeat(3_000).parse().unwrap());
        let mut answer = task::spawn(server.post.clone().call(request));
        match id {
            2 => assert_pending!(answer.poll()),
            _ => assert_eq!(assert_ready_ok!(answer.poll()).status(), status),
        }
    }
}

#[tokio::test]
async fn an_outbox_is_bounded_in_bytes_and_a_send_waits_for_room() {
    let (server, slot) = server(|transport| transport.queue_bytes(10_000));
    let mut stream = server.open();
    let session = slot.lock().unwrap().pop().unwrap();
    let message = |bytes| Message::parse(sized(bytes)).unwrap();
    session.send(message(6_000)).await.unwrap();
    let mut waiting = task::spawn(session.send(message(6_000)));
    assert_pending!(waiting.poll());
    assert!(matches!(
        session.sender().try_send(message(5_000)),
        Err(TrySendError::Full(_))
    ));
    assert!(matches!(stream.poll(), Some(Some(_))));
    assert!(waiting.is_woken());
    assert_ready_ok!(waiting.poll());
    drop(waiting);
    let mut huge = task::spawn(session.send(message(100_000)));
    assert_pending!(huge.poll());
    assert!(matches!(stream.poll(), Some(Some(_))));
    assert_ready_ok!(huge.poll());
    let mut read = 0;
    while let Some(Some(frame)) = stream.poll() {
        read += frame.len();
    }
    assert_eq!(read, 100_000 + "event: message\ndata: \n\n".len());
}

#[tokio::test(start_paused = true)]
async fn the_bodies_of_all_sessions_share_one_budget() {
    let (server, slot) = server(|transport| transport.in_flight_bytes(1_000).body_limit(1_000));
    let (one, two) = (server.open(), server.open());
    let _sessions = std::mem::take(&mut *slot.lock().unwrap());
    let text = sized(800);

    // An incomplete body of unknown length holds room for the bytes that have arrived.
    let incomplete = || {
        let slow = Fed::default();
        let request = requests::post(&one.uri, slow.clone());
        let mut holding = task::spawn(server.post.clone().call(request));
        slow.piece(&text[..700]);
        assert_pending!(holding.poll());
        (slow, holding)
    };
    let (slow, mut holding) = incomplete();
    let small = server.post(&two.uri, &sized(200)).await;
    assert_eq!(small.status(), 202, "another body has room beside it");
    let busy = server.post(&two.uri, &text).await;
    assert_eq!(
        (
            busy.status().as_u16(),
            busy.headers()["retry-after"].as_bytes()
        ),
        (503, &b"1"[..])
    );
    assert_eq!(busy.body(), "Server is busy");

    // A waiting POST gets the room as soon as the other POST is delivered or dropped.
    let waiting = || {
        let request = requests::post(&two.uri, Full::new(Bytes::copy_from_slice(text.as_bytes())));
        let mut waiting = task::spawn(server.post.clone().call(request));
        assert_pending!(waiting.poll());
        waiting
    };
    let mut first = waiting();
    slow.piece(&text[700..]);
    slow.finish();
    assert_eq!(
        assert_ready_ok!(holding.poll()).status(),
        202,
        "a body that grows is served before POSTs that wait"
    );
    assert!(first.is_woken());
    assert_eq!(assert_ready_ok!(first.poll()).status(), 202);

    let (_slow, holding) = incomplete();
    let mut second = waiting();
    drop(holding);
    assert!(second.is_woken());
    assert_eq!(assert_ready_ok!(second.poll()).status(), 202);
    assert_eq!(
        server.post(&two.uri, &text).await.status(),
        202,
        "no room is held any more"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_takes_room_for_its_declared_length_when_it_begins() {
    let (server, slot) = server(|transport| transport.in_flight_bytes(1_000).body_limit(1_000));
    let (one, two) = (server.open(), server.open());
    let _sessions = std::mem::take(&mut *slot.lock().unwrap());
    let text = sized(800);
    let slow = Fed::declaring(text.len());
    let request = requests::post(&one.uri, slow.clone());
    let mut holding = task::spawn(server.post.clone().call(request));
    slow.piece(&text[..1]);
    assert_pending!(holding.poll());
    assert_eq!(server.post(&two.uri, &sized(200)).await.status(), 202);
    let mut waiting = task::spawn(
        server
            .post
            .clone()
            .call(requests::post_text(&two.uri, sized(300))),
    );
    assert_pending!(waiting.poll());
    slow.piece(&text[1..]);
    slow.finish();
    assert_eq!(assert_ready_ok!(holding.poll()).status(), 202);
    assert!(waiting.is_woken());
    assert_eq!(assert_ready_ok!(waiting.poll()).status(), 202);
}

#[tokio::test(start_paused = true)]
async fn a_post_that_waits_for_room_gets_404_when_its_session_closes() {
    let (server, slot) = server(|transport| transport.in_flight_bytes(1_000).body_limit(1_000));
    let (one, two) = (server.open(), server.open());
    let sessions = std::mem::take(&mut *slot.lock().unwrap());
    let slow = Fed::default();
    let mut holding = task::spawn(
        server
            .post
            .clone()
            .call(requests::post(&one.uri, slow.clone())),
    );
    slow.piece(&sized(700));
    assert_pending!(holding.poll());
    for (uri, session) in [(&one.uri, &sessions[0]), (&two.uri, &sessions[1])] {
        let mut waiting = task::spawn(
            server
                .post
                .clone()
                .call(requests::post_text(uri, sized(800))),
        );
        assert_pending!(waiting.poll());
        assert!(server.sessions.close(session.id()));
        assert!(waiting.is_woken(), "the close wakes it at once");
        let answer = assert_ready_ok!(waiting.poll());
        assert_eq!(answer.status(), 404);
        assert_eq!(text_of(answer).await.body(), "Could not find session");
    }
}

#[tokio::test(start_paused = true)]
async fn one_session_cannot_use_the_whole_budget_for_bodies() {
    let (server, slot) = server(|transport| {
        transport
            .in_flight_bytes(16_000)
            .body_limit(1_000)
            .queue_messages(1)
    });
    let (one, two) = (server.open(), server.open());
    let _sessions = std::mem::take(&mut *slot.lock().unwrap());
    server.post_now(&one.uri, ping(0));
    let text = sized(900);
    let posts = (0..50).map(|_| server.post(&one.uri, &text));
    let mut waiting = task::spawn(futures_util::future::join_all(posts));
    assert_pending!(waiting.poll());
    server.post_now(&two.uri, &text);
    // Both waits, for room and for the inbox, take the delivery timeout together.
    let start = tokio::time::Instant::now();
    for busy in waiting.await {
        assert_eq!(busy.status(), 503);
        assert_eq!(busy.body(), "Session is busy");
    }
    let after = start.elapsed().as_millis();
    assert!((3_000..3_010).contains(&after), "{after} ms");
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_body_without_room_is_drained_before_the_refusal() {
    let (server, slot) = server(|transport| transport.in_flight_bytes(1_000).body_limit(1_000));
    let stream = server.open();
    let _sessions = std::mem::take(&mut *slot.lock().unwrap());
    let text = sized(900);
    let holding = Fed::default();
    holding.piece(&text[..700]);
    let mut holder = task::spawn(
        server
            .post
            .clone()
            .call(requests::post(&stream.uri, holding)),
    );
    assert_pending!(holder.poll());

    let refused = Fed::default();
    refused.piece(&text[..500]);
    let mut answer = task::spawn(
        server
            .post
            .clone()
            .call(requests::post(&stream.uri, refused.clone())),
    );
    assert_pending!(answer.poll());
    tokio::time::advance(std::time::Duration::from_secs(3)).await;
    assert_pending!(answer.poll(), "the client is still sending");
    refused.piece(&text[500..]);
    assert_pending!(answer.poll());
    refused.finish();
    let busy = assert_ready_ok!(answer.poll());
    assert_eq!(busy.status(), 503);
    assert_eq!(text_of(busy).await.body(), "Session is busy");

    // A body that does not arrive is drained for a bounded time.
    let silent = Fed::default();
    silent.piece(&text[..500]);
    let start = tokio::time::Instant::now();
    let busy = server
        .post
        .clone()
        .call(requests::post(&stream.uri, silent))
        .await
        .unwrap();
    assert_eq!(busy.status(), 503);
    assert!(
        start.elapsed() < std::time::Duration::from_secs(4),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_stalled_body_is_refused_and_a_slow_body_is_accepted() {
    let (server, slot) = server(|transport| transport.in_flight_bytes(1_000).body_limit(1_000));
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    let _sessions = std::mem::take(&mut *slot.lock().unwrap());
    let minute = std::time::Duration::from_secs(60);
    let text = sized(900);

    let slow = Fed::default();
    let mut answer = task::spawn(
        server
            .post
            .clone()
            .call(requests::post(&stream.uri, slow.clone())),
    );
    for piece in text.as_bytes().chunks(300) {
        slow.piece(std::str::from_utf8(piece).unwrap());
        assert_pending!(answer.poll());
        tokio::time::advance(minute / 2).await;
        assert_pending!(answer.poll());
    }
    slow.finish();
    let accepted = assert_ready_ok!(answer.poll());
    assert_eq!(accepted.status(), 202);

    let stalled = Fed::default();
    stalled.piece(&text[..800]);
    let start = tokio::time::Instant::now();
    let given_up = server
        .post
        .clone()
        .call(requests::post(&stream.uri, stalled))
        .await
        .unwrap();
    assert!(start.elapsed() < 2 * minute + minute / 60);
    assert_eq!(given_up.status(), 400);
    assert_eq!(
        text_of(given_up).await.body(),
        "Could not read request body: no more of it arrived for 60 s"
    );
}

#[tokio::test(start_paused = true)]
async fn the_wait_for_a_body_begins_with_the_head_and_ends_with_the_session() {
    let minute = std::time::Duration::from_secs(60);
    let (server, slot) = server(|transport| transport);
    let mut stream = server.open();
    // The client reads.
    assert_eq!(stream.poll(), None);
    let sessions = std::mem::take(&mut *slot.lock().unwrap());
    let uri = stream.uri.clone();
    let post = |body| server.post.clone().call(requests::post(&uri, body));
    let start = tokio::time::Instant::now();
    for body in [Fed::default(), Fed::declaring(100)] {
        let answer = post(body).await.unwrap();
        assert_eq!(answer.status(), 400);
    }
    let after = start.elapsed().as_millis();
    assert!((120_000..120_010).contains(&after), "{after} ms");

    let mut waiting = task::spawn(post(Fed::declaring(100)));
    assert_pending!(waiting.poll());
    assert!(server.sessions.close(sessions[0].id()));
    assert!(waiting.is_woken(), "it is told at once");
    // The client may still be sending: its body is drained first.
    let start = tokio::time::Instant::now();
    assert_eq!(waiting.await.unwrap().status(), 404);
    assert!(start.elapsed() < minute / 60);
}

fn assert_handler<H: Handler>() {}

#[test]
fn a_boxed_closure_is_a_handler() {
    assert_handler::<Box<dyn Keep>>();
}
