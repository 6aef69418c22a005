//! A session, its two halves, and its close by the registry.

use std::sync::{Arc, Mutex};

use http::Request;
use mcp_sse_server::{
    Message, Session,
    session::{SessionReceiver, SessionSender},
};
use mcp_sse_testkit::{
    messages::{event, ping},
    polled::Server,
    requests,
};
use tokio_test::{assert_pending, assert_ready, task};
use tower::Service;

type Slot<T> = Arc<Mutex<Option<T>>>;

/// A server whose handler gives its session to the test and then never completes.
fn server() -> (Server<impl mcp_sse_server::Handler>, Slot<Session>) {
    let slot = Slot::default();
    let sessions = Arc::clone(&slot);
    let handler = move |session: Session| {
        *sessions.lock().unwrap() = Some(session);
        std::future::pending::<()>()
    };
    (
        Server::with(handler, |transport| {
            transport
                .keep_alive(None)
                .stall_timeout(None)
                .queue_messages(1)
        }),
        slot,
    )
}

fn message(id: usize) -> Message {
    Message::parse(ping(id)).unwrap()
}

#[tokio::test]
async fn the_post_and_the_get_that_opened_the_session_reach_the_handler() {
    let (server, slot) = server();
    let mut get = Request::get("/sse?tenant=7")
        .header("host", "localhost")
        .header("x-get", "1");
    get.extensions_mut().unwrap().insert("from a middleware");
    let body = server
        .sse
        .clone()
        .call(get.body(String::new()).unwrap())
        .await
        .unwrap()
        .into_body();
    let mut session = slot.lock().unwrap().take().unwrap();
    assert_eq!(session.parts().uri, "/sse?tenant=7");
    assert_eq!(session.parts().headers["x-get"], "1");
    assert_eq!(session.parts().extensions.get(), Some(&"from a middleware"));

    let uri = format!("/messages/?session_id={}", session.id().expose_secret());
    let mut post = requests::post_text(&uri, ping(1));
    post.headers_mut().insert("x-post", "2".parse().unwrap());
    post.extensions_mut().insert(7_u8);
    assert_eq!(server.post.clone().call(post).await.unwrap().status(), 202);
    let incoming = session.recv().await.unwrap();
    assert_eq!(incoming.message.as_str(), ping(1));
    assert_eq!(incoming.parts.headers["x-post"], "2");
    assert_eq!(incoming.parts.extensions.get(), Some(&7_u8));
    assert_eq!(incoming.parts.uri, *uri);
    drop(body);
}

#[tokio::test]
async fn the_two_halves_work_in_different_tasks() {
    let (server, slot) = server();
    let mut stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    let (sender, mut receiver): (SessionSender, SessionReceiver) = session.split();
    let echo = tokio::spawn(async move { receiver.recv().await.unwrap().message });
    server.post_now(&stream.uri, ping(1));
    let received = echo.await.unwrap();
    tokio::spawn(async move { sender.send(received).await })
        .await
        .unwrap()
        .unwrap();
    assert_eq!(stream.next().await, Some(event(&ping(1))));
}

#[tokio::test]
async fn a_dropped_receive_loses_no_message() {
    let (server, slot) = server();
    let stream = server.open();
    let mut session = slot.lock().unwrap().take().unwrap();
    {
        let mut dropped = task::spawn(session.recv());
        assert_pending!(dropped.poll());
        server.post_now(&stream.uri, ping(1));
        assert!(dropped.is_woken());
    }
    assert_eq!(session.recv().await.unwrap().message, message(1));
}

#[tokio::test]
async fn a_send_waits_for_the_client_and_a_dropped_send_sends_nothing() {
    let (server, slot) = server();
    let mut stream = server.open();
    let session = slot.lock().unwrap().take().unwrap();
    session.send(message(1)).await.unwrap();
    let mut dropped = task::spawn(session.send(message(2)));
    let mut waiting = task::spawn(session.send(message(3)));
    assert_pending!(dropped.poll());
    assert_pending!(waiting.poll());
    drop(dropped);
    assert_eq!(stream.poll(), Some(Some(event(&ping(1)))));
    assert!(waiting.is_woken());
    assert!(assert_ready!(waiting.poll()).is_ok());
    assert_eq!(stream.poll(), Some(Some(event(&ping(3)))));
}

#[tokio::test]
async fn a_close_wakes_all_waiting_futures() {
    let (server, slot) = server();
    let stream = server.open();
    let mut session = slot.lock().unwrap().take().unwrap();
    let sender = session.sender().clone();
    sender.send(message(1)).await.unwrap();
    let mut closed = task::spawn(sender.closed());
    let mut send = task::spawn(sender.send(message(2)));
    assert_pending!(closed.poll());
    assert_pending!(send.poll());
    {
        let mut recv = task::spawn(session.recv());
        assert_pending!(recv.poll());
        drop(stream);
        assert!(recv.is_woken() && closed.is_woken() && send.is_woken());
        assert!(assert_ready!(recv.poll()).is_none());
    }
    assert_ready!(closed.poll());
    let error = assert_ready!(send.poll()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the session is closed, the message was not sent"
    );
    assert_eq!(error.into_message(), message(2));
    // Later calls see the close, too.
    session.closed().await;
    assert!(sender.is_closed());
    assert!(session.recv().await.is_none());
    assert_eq!(
        session.send(message(3)).await.unwrap_err().into_message(),
        message(3)
    );
}

#[tokio::test]
async fn a_session_whose_receiver_is_dropped_refuses_posts_and_still_sends() {
    let (server, slot) = server();
    let mut stream = server.open();
    let (sender, receiver) = slot.lock().unwrap().take().unwrap().split();
    server.post_now(&stream.uri, ping(1));
    drop(receiver);
    let refused = server.post(&stream.uri, &ping(2)).await;
    assert_eq!(refused.status(), 404);
    assert_eq!(refused.body(), "Could not find session");
    sender.send(message(3)).await.unwrap();
    assert_eq!(stream.next().await, Some(event(&ping(3))));
}

#[tokio::test]
async fn closing_a_session_ends_its_stream_after_the_outbox() {
    let (server, slot) = server();
    let (mut stream, mut other) = (server.open(), server.open());
    let id = stream.id();
    let _session = slot.lock().unwrap().take().unwrap();
    assert_eq!(stream.poll(), None);
    let sender = server.sessions.get(&id).unwrap();
    sender.send(message(1)).await.unwrap();
    assert!(server.sessions.close(&id));
    assert!(!server.sessions.close(&id), "it is closed already");
    assert!(server.sessions.get(&id).is_none());
    assert_eq!(server.post(&stream.uri, &ping(2)).await.status(), 404);
    assert!(stream.is_woken());
    assert_eq!(stream.poll(), Some(Some(event(&ping(1)))));
    assert_eq!(stream.poll(), Some(None));
    assert_eq!(other.poll(), None);
    assert_eq!(server.sessions.len(), 1);
}

#[test]
fn no_debug_output_contains_a_whole_session_id() {
    let (server, slot) = server();
    let stream = server.open();
    let secret = stream.uri.rsplit('=').next().unwrap();
    let session = slot.lock().unwrap().take().unwrap();
    let id = *session.id();
    let sender = session.sender().clone();
    server.post_now(&stream.uri, ping(1));
    let mut session = session;
    let incoming = assert_ready!(task::spawn(session.recv()).poll()).unwrap();
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
        id, session, sender, incoming, server.sessions, server.sse, server.post, stream.body
    );
    assert!(!shown.contains(secret), "{shown}");
    assert!(shown.contains(&secret[..8]), "{shown}");
}
