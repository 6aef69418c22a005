//! The shutdown: new sessions are refused, open sessions are drained, and cut at the deadline.

use std::time::Duration;

use mcp_sse_server::{Session, response::RejectionKind};
use mcp_sse_testkit::{
    messages::{event, ping, response},
    polled::Server,
};
use tokio::time::{Instant, sleep};

async fn echo(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        // Each message takes some time, so that some are still being handled when the shutdown begins.
        sleep(Duration::from_millis(100)).await;
        let Some(id) = incoming.message.id() else {
            continue;
        };
        if session.send(response(id)).await.is_err() {
            break;
        }
    }
}

async fn deaf(session: Session) {
    let _session = session;
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn accepted_messages_are_answered_before_the_streams_end() {
    let server = Server::new(echo);
    let streams: Vec<_> = (0..100)
        .map(|_| {
            let mut stream = server.open();
            let uri = stream.uri.clone();
            for id in 0..3 {
                server.post_now(&uri, ping(id));
            }
            let read = tokio::spawn(async move {
                let mut all = String::new();
                while let Some(frame) = stream.next().await {
                    all.push_str(&frame);
                }
                all
            });
            (uri, read)
        })
        .collect();
    let shutdown = server.sessions.shutdown();
    assert!(server.sessions.is_shut_down());
    let refused = server.get();
    assert_eq!(
        (
            refused.status().as_u16(),
            refused.headers()["retry-after"].as_bytes()
        ),
        (503, &b"1"[..])
    );
    let kind = refused.extensions().get::<RejectionKind>();
    assert_eq!(kind, Some(&RejectionKind::ShuttingDown));

    let start = Instant::now();
    assert_eq!(shutdown.await, 0, "no session was cut");
    assert!(
        start.elapsed() < Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert!(server.sessions.is_empty());
    let expected: String = (0..3).map(|id| event(response(id).as_str())).collect();
    for (uri, read) in streams {
        assert_eq!(read.await.unwrap(), expected);
        assert_eq!(server.post(&uri, &ping(9)).await.status(), 404);
    }
}

#[tokio::test(start_paused = true)]
async fn a_draining_session_refuses_messages() {
    let server = Server::new(echo);
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    assert_eq!(stream.poll(), None);
    let mut shutdown = tokio_test::task::spawn(server.sessions.shutdown().into_future());
    tokio_test::assert_pending!(shutdown.poll());
    let refused = server.post(&stream.uri, &ping(2)).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(refused.body(), "Could not find session");
    assert_eq!(stream.next().await, Some(event(response(1).as_str())));
    assert_eq!(stream.next().await, None);
    assert!(shutdown.is_woken());
    assert_eq!(tokio_test::assert_ready!(shutdown.poll()), 0);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_return_is_cut_at_the_deadline() {
    let server = Server::new(deaf);
    let streams: Vec<_> = (0..3)
        .map(|_| {
            let mut stream = server.open();
            tokio::spawn(async move { while stream.next().await.is_some() {} })
        })
        .collect();
    let start = Instant::now();
    let cut = server
        .sessions
        .shutdown()
        .deadline(Duration::from_secs(4))
        .await;
    assert_eq!(cut, 3);
    let after = start.elapsed().as_millis();
    assert!((4_000..4_010).contains(&after), "{after} ms");
    for stream in streams {
        stream.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_delays_the_deadline_by_one_second() {
    let server = Server::new(deaf);
    let _stream = server.open();
    let start = Instant::now();
    assert_eq!(server.sessions.shutdown().await, 1);
    let after = start.elapsed().as_millis();
    assert!((11_000..11_010).contains(&after), "{after} ms: the default");
}

#[tokio::test(start_paused = true)]
async fn the_drains_are_spread_over_the_window() {
    let server = Server::new(echo);
    let start = Instant::now();
    let streams: Vec<_> = (0..10)
        .map(|_| {
            let mut stream = server.open();
            tokio::spawn(async move {
                while stream.next().await.is_some() {}
                start.elapsed().as_secs_f64().round() as u64
            })
        })
        .collect();
    let cut = server
        .sessions
        .shutdown()
        .spread_over(Duration::from_secs(10))
        .deadline(Duration::from_secs(60))
        .await;
    assert_eq!(cut, 0);
    let mut ends = Vec::new();
    for stream in streams {
        ends.push(stream.await.unwrap());
    }
    ends.sort_unstable();
    assert_eq!(ends, (0..10).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_shutdown_without_sessions_completes_at_once() {
    let server = Server::new(deaf);
    assert_eq!(server.sessions.shutdown().await, 0);
    assert_eq!(server.sessions.shutdown().await, 0, "and again");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_shutdown_still_refuses_new_sessions() {
    let server = Server::new(deaf);
    let stream = server.open();
    let mut shutdown = tokio_test::task::spawn(server.sessions.shutdown().into_future());
    tokio_test::assert_pending!(shutdown.poll());
    drop(shutdown);
    assert_eq!(server.get().status(), 503);
    assert_eq!(server.sessions.len(), 1);
    drop(stream);
    assert!(server.sessions.is_empty());
}

/// A timer has a resolution of a millisecond. This must not add up over many steps.
#[tokio::test(start_paused = true)]
async fn many_drains_stay_within_the_window() {
    let server = Server::new(echo);
    let window = Duration::from_secs(2);
    for _ in 0..5_000 {
        let mut stream = server.open();
        tokio::spawn(async move { while stream.next().await.is_some() {} });
    }
    let start = Instant::now();
    let cut = server
        .sessions
        .shutdown()
        .spread_over(window)
        .deadline(Duration::from_secs(60))
        .await;
    assert_eq!(cut, 0);
    assert!(start.elapsed() <= window, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_completes_early_when_all_clients_leave() {
    let server = Server::new(echo);
    let streams: Vec<_> = (0..3).map(|_| server.open()).collect();
    let shutdown = server.sessions.shutdown();
    let shutdown = shutdown.spread_over(Duration::from_secs(5));
    let mut shutdown = tokio_test::task::spawn(shutdown.into_future());
    tokio_test::assert_pending!(shutdown.poll());
    drop(streams);
    assert!(shutdown.is_woken());
    assert_eq!(tokio_test::assert_ready!(shutdown.poll()), 0);
}
