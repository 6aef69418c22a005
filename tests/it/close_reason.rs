//! The reason of a session's close, as its senders report it.

use std::time::Duration;

use mcp_sse_server::{
    Handler, Session, SseServerTransport,
    session::{CloseReason, SessionSender},
};
use mcp_sse_testkit::{
    messages::{event, ping, unanswered},
    polled::{Server, Stream},
};
use tokio::time::advance;

const MINUTE: Duration = Duration::from_secs(60);

/// Does what each message says.
async fn obedient(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        match incoming.message.method() {
            Some("return") => return,
            Some("panic") => panic!("asked to panic"),
            _ => {}
        }
    }
}

async fn deaf(session: Session) {
    let _session = session;
    std::future::pending().await
}

fn open<H: Handler>(server: &Server<H>) -> (Stream<H::Future>, SessionSender) {
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    let sender = server.sessions.get(&stream.id()).unwrap();
    assert_eq!((sender.close_reason(), sender.is_closed()), (None, false));
    (stream, sender)
}

/// The reason, which all methods of the sender must agree on.
async fn reason(sender: &SessionSender) -> CloseReason {
    assert!(sender.is_closed());
    let reason = sender.closed().await;
    assert_eq!(sender.close_reason(), Some(reason));
    reason
}

fn method(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#)
}

#[tokio::test]
async fn a_client_that_disconnects_closes_with_client_gone() {
    let server = Server::new(obedient);
    let (stream, sender) = open(&server);
    drop(stream);
    assert_eq!(reason(&sender).await, CloseReason::ClientGone);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_returns_or_panics_is_the_reason() {
    let server = Server::new(obedient);
    for (text, expected) in [
        ("return", CloseReason::HandlerReturned),
        ("panic", CloseReason::HandlerPanicked),
    ] {
        let (mut stream, sender) = open(&server);
        server.post_now(&stream.uri, method(text));
        assert_eq!(stream.next().await, None);
        assert_eq!(reason(&sender).await, expected);
    }
}

#[tokio::test]
async fn a_closed_session_keeps_its_reason_when_the_client_disconnects() {
    let server = Server::new(obedient);
    let (stream, sender) = open(&server);
    assert!(server.sessions.close(&stream.id()));
    drop(stream);
    assert_eq!(reason(&sender).await, CloseReason::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_is_the_reason_when_the_handler_returns_or_is_cut() {
    let server = Server::new(obedient);
    let (mut stream, sender) = open(&server);
    let read = tokio::spawn(async move { stream.next().await });
    assert_eq!(server.sessions.shutdown().await, 0);
    assert_eq!(reason(&sender).await, CloseReason::Shutdown);
    assert_eq!(read.await.unwrap(), None);

    let server = Server::new(deaf);
    let (_stream, sender) = open(&server);
    assert_eq!(server.sessions.shutdown().await, 1);
    assert_eq!(reason(&sender).await, CloseReason::Shutdown);
}

#[tokio::test(start_paused = true)]
async fn a_panic_during_a_shutdown_is_the_reason() {
    let server = Server::new(|mut session: Session| async move {
        assert!(
            session.recv().await.is_some(),
            "the shutdown drains the session"
        );
    });
    let (mut stream, sender) = open(&server);
    let read = tokio::spawn(async move { stream.next().await });
    server.sessions.shutdown().await;
    assert_eq!(reason(&sender).await, CloseReason::HandlerPanicked);
    assert_eq!(read.await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_closes_with_stalled() {
    let server = Server::new(deaf);
    // The server took the first event, and did not ask for more.
    let stream = server.open();
    let sender = server.sessions.get(&stream.id()).unwrap();
    sender.closed().await;
    assert_eq!(reason(&sender).await, CloseReason::Stalled);
}

#[tokio::test(start_paused = true)]
async fn an_idle_session_closes_with_idle() {
    let idle = |transport: SseServerTransport<_>| transport.idle_timeout(MINUTE).keep_alive(None);
    let server = Server::with(obedient, idle);
    let (mut stream, sender) = open(&server);
    server.post_now(&stream.uri, ping(1));
    assert_eq!(stream.poll(), None);
    advance(MINUTE + Duration::from_millis(10)).await;
    let error = event(&unanswered(1, CloseReason::Idle));
    assert_eq!(stream.poll(), Some(Some(error)));
    assert_eq!(stream.next().await, None);
    assert_eq!(reason(&sender).await, CloseReason::Idle);
}

#[test]
fn each_reason_has_a_name() {
    assert_eq!(CloseReason::ClientGone.as_str(), "client_gone");
    assert_eq!(CloseReason::Stalled.to_string(), "stalled");
}
