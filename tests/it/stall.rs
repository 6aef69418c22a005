//! Clients that do not read, and idle sessions, with the clock paused.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mcp_sse_server::{Message, Session, SseServerTransport, session::CloseReason};
use mcp_sse_testkit::{
    messages::{event, ping},
    polled::Server,
};
use tokio::time::{Instant, advance, timeout};

type Slot = Arc<Mutex<Option<Session>>>;

fn server<H>(
    options: impl FnOnce(SseServerTransport<Keep>) -> SseServerTransport<H>,
) -> (Server<H>, Slot)
where
    H: mcp_sse_server::Handler,
{
    let slot = Slot::default();
    let sessions = Arc::clone(&slot);
    let keep: Keep = Box::new(move |session: Session| {
        *sessions.lock().unwrap() = Some(session);
        std::future::pending()
    });
    let transport = options(SseServerTransport::new("/messages/", keep).unwrap());
    (Server::of(&transport), slot)
}

type Keep = Box<dyn Fn(Session) -> std::future::Pending<()>>;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_loses_its_session_after_a_minute() {
    let (server, slot) = server(|transport| transport);
    let mut stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    assert_eq!(stream.poll(), None);
    session
        .send(Message::parse(ping(1)).unwrap())
        .await
        .unwrap();
    assert!(matches!(stream.poll(), Some(Some(_))));
    // The server got bytes, and asks for no more from now on.
    let start = Instant::now();
    session
        .send(Message::parse(ping(2)).unwrap())
        .await
        .unwrap();
    timeout(2 * MINUTE, session.closed())
        .await
        .expect("the session is closed");
    let after = start.elapsed();
    assert!(
        (MINUTE..MINUTE * 9 / 8 + Duration::from_millis(10)).contains(&after),
        "{after:?}"
    );
    assert_eq!(server.sessions.len(), 0);
    let refused = server.post(&stream.uri, &ping(3)).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(refused.body(), "Could not find session");
    // If the client reads again, it gets the end. The unread message was dropped.
    assert_eq!(stream.poll(), Some(None));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_the_first_event_loses_its_session() {
    let (server, slot) = server(|transport| transport);
    let _stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    timeout(2 * MINUTE, session.closed())
        .await
        .expect("the session is closed");
    assert!(server.sessions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_or_has_nothing_to_read_keeps_its_session() {
    let (server, slot) = server(|transport| transport.keep_alive(None));
    let mut stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    for id in 0..5 {
        assert_eq!(stream.poll(), None);
        // The client has nothing to read for a long time.
        advance(10 * MINUTE).await;
        session
            .send(Message::parse(ping(id)).unwrap())
            .await
            .unwrap();
        assert_eq!(stream.poll(), Some(Some(event(&ping(id)))));
        // The client takes the message slowly.
        advance(MINUTE - Duration::from_secs(1)).await;
    }
    assert_eq!(stream.poll(), None);
    assert_eq!(server.sessions.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn none_turns_the_stall_timeout_off() {
    let (server, _slot) = server(|transport| transport.stall_timeout(None));
    let _stream = server.open();
    advance(1000 * MINUTE).await;
    assert_eq!(server.sessions.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_leaves_no_stall_timer() {
    let (server, _slot) = server(|transport| transport);
    for _ in 0..3 {
        drop(server.open());
    }
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    advance(2 * MINUTE).await;
    assert_eq!(server.sessions.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_the_server_never_polls_loses_its_session() {
    let (server, slot) = server(|transport| transport);
    let response = server.get();
    let session = slot.lock().unwrap().take().unwrap();
    let start = Instant::now();
    assert_eq!(session.closed().await, CloseReason::Stalled);
    let after = start.elapsed().as_millis();
    assert!((60_000..60_010).contains(&after), "{after} ms");
    assert!(server.sessions.is_empty());
    drop(response);
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_closed_after_the_idle_timeout() {
    let idle = Duration::from_secs(100);
    let (server, slot) = server(|transport| transport.idle_timeout(idle));
    let mut stream = server.open();
    let mut session = slot.lock().unwrap().take().unwrap();
    assert_eq!(stream.poll(), None);
    // A message in either direction counts as activity.
    advance(Duration::from_secs(90)).await;
    server.post_now(&stream.uri, r#"{"jsonrpc":"2.0","method":"x"}"#);
    session.recv().await.unwrap();
    while stream.poll().is_some() {}
    advance(Duration::from_secs(90)).await;
    session
        .send(Message::parse(ping(2)).unwrap())
        .await
        .unwrap();
    while stream.poll().is_some() {}
    let start = Instant::now();
    // A keep-alive does not count.
    let mut comments = 0;
    while let Some(frame) = stream.next().await {
        assert_eq!(frame, ":\n");
        comments += 1;
    }
    let after = start.elapsed();
    assert!(
        (idle..idle + Duration::from_millis(10)).contains(&after),
        "{after:?}"
    );
    assert_eq!(comments, 12);
    assert!(server.sessions.is_empty());
    session.closed().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_is_closed_although_the_server_does_not_poll_its_stream() {
    let idle = Duration::from_secs(100);
    for stall in [None, Some(1000 * MINUTE)] {
        let (server, slot) = server(|transport| transport.idle_timeout(idle).stall_timeout(stall));
        let _response = server.get();
        let session = slot.lock().unwrap().take().unwrap();
        let start = Instant::now();
        assert_eq!(session.closed().await, CloseReason::Idle);
        let after = start.elapsed().as_millis();
        assert!((100_000..100_010).contains(&after), "{after} ms");
        assert!(server.sessions.is_empty());
    }
}

/// The clock of a stopped process goes on: all its timers fire at once when it continues.
#[tokio::test(start_paused = true)]
async fn a_server_process_that_was_stopped_cuts_no_client_that_reads() {
    let (server, slot) = server(|transport| transport.keep_alive(None));
    let mut stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    for (before, stopped) in [(1, 1_000), (30, 40), (53, 60), (59, 1_000)] {
        assert_eq!(stream.poll(), None);
        session
            .send(Message::parse(ping(1)).unwrap())
            .await
            .unwrap();
        assert!(matches!(stream.poll(), Some(Some(_))));
        for _ in 0..before {
            advance(Duration::from_secs(1)).await;
        }
        advance(Duration::from_secs(stopped)).await;
        // The process runs again for a moment, and then the client has read.
        advance(Duration::from_secs(1)).await;
        assert!(
            !session.sender().is_closed(),
            "{stopped} s after {before} s"
        );
    }
    // A client that does not read is still noticed.
    let start = Instant::now();
    session.closed().await;
    let after = start.elapsed().as_secs();
    assert!(after <= 67, "{after} s");
}

#[tokio::test(start_paused = true)]
async fn the_largest_timeouts_do_not_panic() {
    let (server, _slot) = server(|transport| {
        transport
            .stall_timeout(Duration::MAX)
            .idle_timeout(Duration::MAX)
    });
    let mut stream = server.open();
    advance(1000 * MINUTE).await;
    assert_eq!(stream.poll(), Some(Some(":\n".to_owned())));
    assert_eq!(server.sessions.len(), 1);
}

/// In real time and on real threads: the timer fires on one thread while another thread resets it. A
/// model cannot show this, because the timer is tokio's.
#[test]
fn a_stall_is_noticed_when_the_timer_fires_during_a_write() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let silent = |session: Session| async move {
        let _session = session;
        std::future::pending::<()>().await
    };
    // So short that it often passes between two steps.
    let server = Arc::new(Server::with(silent, |transport| {
        transport.stall_timeout(Duration::from_millis(1))
    }));
    let run = async {
        let mut tasks = tokio::task::JoinSet::new();
        for seed in 0..64 {
            let server = Arc::clone(&server);
            tasks.spawn(async move {
                let mut random = fastrand::Rng::with_seed(seed);
                let start = std::time::Instant::now();
                while start.elapsed() < Duration::from_secs(2) {
                    let mut stream = server.open();
                    let sender = server.sessions.get(&stream.id());
                    // The session may already be closed.
                    let Some(sender) = sender else { continue };
                    for id in 0..random.usize(..8) {
                        // The stream has nothing to write, so it does not stall when the timer fires.
                        let _ = stream.poll();
                        tokio::time::sleep(Duration::from_micros(random.u64(..3_000))).await;
                        let _ = sender.try_send(Message::parse(ping(id)).unwrap());
                        let _ = stream.poll();
                    }
                    let _ = stream.poll();
                    let _ = sender.try_send(Message::parse(ping(9)).unwrap());
                    if !matches!(stream.poll(), Some(Some(_))) {
                        continue; // it stalled before and is closed
                    }
                    // The server took a frame, and asks for no more.
                    timeout(MINUTE, sender.closed())
                        .await
                        .expect("the stall is noticed");
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
    };
    runtime.block_on(run);
    assert!(server.sessions.is_empty());
}

/// On real threads, too: another thread sends at the moment when the idle session is closed.
#[test]
fn messages_sent_when_an_idle_session_closes_are_written() {
    let silent = |session: Session| async move {
        let _session = session;
        std::future::pending::<()>().await
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let server = Arc::new(Server::with(silent, |transport| {
        transport
            .idle_timeout(Duration::from_millis(1))
            .queue_messages(1000)
    }));
    let run = async {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let server = Arc::clone(&server);
            tasks.spawn(async move {
                let start = std::time::Instant::now();
                while start.elapsed() < Duration::from_secs(1) {
                    let mut stream = server.open();
                    // The session may already be closed.
                    let sender = server.sessions.get(&stream.id());
                    let Some(sender) = sender else { continue };
                    let sending = tokio::spawn(async move {
                        let late = Duration::from_micros(fastrand::u64(900..1_900));
                        tokio::time::sleep(late).await;
                        let message = Message::parse(ping(1)).unwrap();
                        (0..50)
                            .filter(|_| sender.try_send(message.clone()).is_ok())
                            .count()
                    });
                    let mut read = 0;
                    while let Some(frame) = stream.next().await {
                        read += frame.matches("event: message").count();
                    }
                    assert_eq!(read, sending.await.unwrap());
                }
            });
        }
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
    };
    runtime.block_on(run);
    assert!(server.sessions.is_empty());
}
