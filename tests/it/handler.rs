//! Handlers that run in a task of their own.

use std::sync::Arc;

use mcp_sse_server::{Session, handler::Spawned, session::CloseReason};
use mcp_sse_testkit::{
    handlers::send_back,
    messages::{event, ping, unanswered},
    polled::Server,
};

#[tokio::test]
async fn a_spawned_handler_runs_while_its_stream_is_not_polled() {
    let worked = Arc::new(tokio::sync::Notify::new());
    let notify = Arc::clone(&worked);
    let server = Server::new(Spawned::new(move |mut session: Session| {
        let notify = Arc::clone(&notify);
        async move {
            let incoming = session.recv().await.unwrap();
            session.send(incoming.message).await.unwrap();
            notify.notify_one();
            session.closed().await;
        }
    }));
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    worked.notified().await;
    assert_eq!(stream.next().await, Some(event(&ping(1))));
}

#[tokio::test]
async fn a_spawned_handler_is_aborted_when_its_stream_is_dropped() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let server = Server::new(Spawned::new(move |session: Session| {
        let held = Arc::clone(&held);
        async move {
            let _held = held;
            let _session = session;
            std::future::pending::<()>().await
        }
    }));
    let stream = server.open();
    // The handler holds one reference, and its task another.
    assert_eq!(Arc::strong_count(&alive), 3);
    drop(stream);
    assert!(server.sessions.is_empty());
    while Arc::strong_count(&alive) > 2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_spawned_handler_that_returns_or_panics_ends_its_stream() {
    let server = Server::new(Spawned::new(|mut session: Session| async move {
        let incoming = session.recv().await.unwrap();
        let stop = incoming.message.method() == Some("panic");
        session.send(incoming.message).await.unwrap();
        assert!(!stop, "asked to panic");
    }));
    let panic = r#"{"jsonrpc":"2.0","id":1,"method":"panic"}"#;
    for (text, reason) in [
        (&*ping(1), CloseReason::HandlerReturned),
        (panic, CloseReason::HandlerPanicked),
    ] {
        let mut stream = server.open();
        server.post_now(&stream.uri, text);
        assert_eq!(stream.next().await, Some(event(text)));
        let error = event(&unanswered(1, reason));
        assert_eq!(stream.next().await, Some(error));
        assert_eq!(stream.next().await, None);
        assert!(server.sessions.is_empty());
    }
}

#[tokio::test]
async fn a_spawned_handler_echoes_in_order() {
    let server = Server::new(Spawned::new(send_back));
    let mut stream = server.open();
    let mut expected = String::new();
    for id in 0..100 {
        assert_eq!(server.post(&stream.uri, &ping(id)).await.status(), 202);
        expected.push_str(&event(&ping(id)));
        if id % 7 == 0 {
            let part = stream.next().await.unwrap();
            assert!(expected.starts_with(&part), "{part}");
            expected.drain(..part.len());
        }
    }
    while !expected.is_empty() {
        let part = stream.next().await.unwrap();
        assert!(expected.starts_with(&part), "{part}");
        expected.drain(..part.len());
    }
}
