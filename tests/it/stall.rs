//! Clients that do not read, and sessions in which nothing happens. In paused time.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mcp_sse_server::{Message, Session, SseServerTransport};
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
    // The server has got bytes, and asks for no more from here on.
    let start = Instant::now();
    session
        .send(Message::parse(ping(2)).unwrap())
        .await
        .unwrap();
    timeout(2 * MINUTE, session.closed())
        .await
        .expect("the handler is told");
    let after = start.elapsed();
    assert!(
        (MINUTE..MINUTE * 9 / 8 + Duration::from_millis(10)).contains(&after),
        "{after:?}"
    );
    assert_eq!(server.sessions.len(), 0);
    let refused = server.post(&stream.uri, &ping(3)).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(refused.body(), "Could not find session");
    // If it reads on after all, it finds the end, and what it did not read is not kept for it.
    assert_eq!(stream.poll(), Some(None));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_its_first_event_loses_its_session() {
    let (server, slot) = server(|transport| transport);
    let _stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    timeout(2 * MINUTE, session.closed())
        .await
        .expect("the handler is told");
    assert!(server.sessions.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_or_has_nothing_to_read_keeps_its_session() {
    let (server, slot) = server(|transport| transport.keep_alive(None));
    let mut stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    for id in 0..5 {
        assert_eq!(stream.poll(), None);
        // Nothing to read for long.
        advance(10 * MINUTE).await;
        session
            .send(Message::parse(ping(id)).unwrap())
            .await
            .unwrap();
        assert_eq!(stream.poll(), Some(Some(event(&ping(id)))));
        // Slow to take it.
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
async fn a_stream_that_is_dropped_leaves_no_stall_behind() {
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
async fn an_idle_session_ends_when_it_was_told_to() {
    let idle = Duration::from_secs(100);
    let (server, slot) = server(|transport| transport.idle_timeout(idle));
    let mut stream = server.open();
    let mut session = slot.lock().unwrap().take().unwrap();
    assert_eq!(stream.poll(), None);
    // Each way counts as life.
    advance(Duration::from_secs(90)).await;
    server.post_now(&stream.uri, ping(1));
    session.recv().await.unwrap();
    while stream.poll().is_some() {}
    advance(Duration::from_secs(90)).await;
    session
        .send(Message::parse(ping(2)).unwrap())
        .await
        .unwrap();
    while stream.poll().is_some() {}
    let start = Instant::now();
    // A keep-alive does not.
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
async fn time_outs_beyond_all_time_are_no_panic() {
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

/// In real time and on real threads, since the timer fires on one while another sets it anew; what
/// comes of that, no model of ours can show, because the timer is tokio's.
#[test]
fn no_stall_is_missed_while_the_timer_fires_and_is_set_anew() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    let silent = |session: Session| async move {
        let _session = session;
        std::future::pending::<()>().await
    };
    // So short that it often passes between any two steps.
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
                    // It may be over before that.
                    let Some(sender) = sender else { continue };
                    for id in 0..random.usize(..8) {
                        // Asks for more than there is: nothing stalls, though the timer runs out.
                        let _ = stream.poll();
                        tokio::time::sleep(Duration::from_micros(random.u64(..3_000))).await;
                        let _ = sender.try_send(Message::parse(ping(id)).unwrap());
                        let _ = stream.poll();
                    }
                    let _ = stream.poll();
                    let _ = sender.try_send(Message::parse(ping(9)).unwrap());
                    if !matches!(stream.poll(), Some(Some(_))) {
                        continue; // stalled before, and over
                    }
                    // A frame was given, and no more is asked for.
                    timeout(MINUTE, sender.closed())
                        .await
                        .expect("a stall is missed");
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

/// On real threads, too: somebody sends at the very moment at which the session turns out to be idle.
#[test]
fn what_was_sent_when_an_idle_session_ends_goes_out() {
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
                    // It may be over before that.
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
