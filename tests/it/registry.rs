//! The registry of sessions.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use mcp_sse_server::{
    Message, Session, SseServerTransport,
    session::{CloseReason, Principal, TrySendError},
};
use mcp_sse_testkit::{
    handlers::silent,
    messages::{event, ping, unanswered},
    polled::Server,
    requests,
};
use tokio::time::advance;
use tower::Service;

fn message(id: usize) -> Message {
    Message::parse(ping(id)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_list_describes_each_session() {
    let server = Server::new(silent);
    let first = server.open();
    advance(Duration::from_secs(5)).await;
    let mut get = requests::get();
    get.extensions_mut().insert(Principal::new("inspector"));
    let second = server
        .sse
        .clone()
        .call(get.map(|()| String::new()))
        .await
        .unwrap();
    server.post_now(&first.uri, ping(1));
    server.post_now(&first.uri, ping(2));
    server
        .sessions
        .get(&first.id())
        .unwrap()
        .try_send(message(3))
        .unwrap();

    let mut list = server.sessions.list();
    list.sort_by_key(|info| info.age);
    let [young, old] = list.as_slice() else {
        panic!("{list:?}")
    };
    assert_eq!(young.principal, Some(Principal::new("inspector")));
    assert_eq!((young.inbox.messages, young.inbox.bytes), (0, 0));
    assert_eq!((young.outbox.messages, young.outbox.bytes), (0, 0));
    assert_eq!(old.id, first.id());
    assert_eq!(old.principal, None);
    assert_eq!(
        (old.age, young.age),
        (Duration::from_secs(5), Duration::ZERO)
    );
    assert_eq!((old.inbox.messages, old.outbox.messages), (2, 1));
    assert!(old.inbox.bytes > 2 * ping(1).len() && old.outbox.bytes > ping(3).len());
    drop((first, second));
    assert!(server.sessions.list().is_empty());
}

#[tokio::test]
async fn a_broadcast_reaches_all_sessions_with_room_and_shares_its_bytes() {
    let server = Server::with(silent, |transport| transport.queue_messages(1));
    let mut streams: Vec<_> = (0..5).map(|_| server.open()).collect();
    server
        .sessions
        .get(&streams[0].id())
        .unwrap()
        .try_send(message(1))
        .unwrap();
    let broadcast = server.sessions.broadcast(&message(2));
    assert_eq!((broadcast.sent, broadcast.full), (4, 1));
    assert_eq!(streams[0].poll(), Some(Some(event(&ping(1)))));
    let bytes: Vec<_> = streams[1..]
        .iter_mut()
        .map(|stream| stream.poll_bytes())
        .collect();
    assert!(
        bytes
            .iter()
            .all(|bytes| bytes == event(&ping(2)).as_bytes())
    );
    assert!(
        bytes
            .iter()
            .all(|other| other.as_ptr() == bytes[0].as_ptr()),
        "one copy"
    );

    drop(streams);
    let broadcast = server.sessions.broadcast(&message(3));
    assert_eq!((broadcast.sent, broadcast.full), (0, 0));
}

#[tokio::test]
async fn a_broadcast_keeps_its_place_among_other_messages() {
    let server = Server::new(silent);
    let mut stream = server.open();
    let sender = server.sessions.get(&stream.id()).unwrap();
    for id in [0, 3, 6] {
        sender.try_send(message(id)).unwrap();
        assert_eq!(server.sessions.broadcast(&message(id + 1)).sent, 1);
        assert_eq!(server.sessions.broadcast(&message(id + 2)).sent, 1);
    }
    let mut seen = String::new();
    while let Some(Some(frame)) = stream.poll() {
        seen.push_str(&frame);
    }
    assert_eq!(seen, (0..9).map(|id| event(&ping(id))).collect::<String>());
}

#[tokio::test]
async fn a_failed_send_returns_the_message() {
    let server = Server::with(silent, |transport| transport.queue_messages(1));
    let stream = server.open();
    let sender = server.sessions.get(&stream.id()).unwrap();
    sender.try_send(message(1)).unwrap();
    let full = sender.try_send(message(2)).unwrap_err();
    assert_eq!(full, TrySendError::Full(message(2)));
    assert_eq!(
        full.to_string(),
        "the outbox has no room, the message was not sent"
    );
    drop(stream);
    let ended = sender.try_send(message(3)).unwrap_err();
    assert_eq!(ended, TrySendError::Closed(message(3)));
    assert_eq!(ended.into_message(), message(3));
}

/// A handler may call the registry, and the registry may run code of a handler.
#[tokio::test(start_paused = true)]
async fn a_handler_can_use_its_own_registry() {
    let slot: Arc<Mutex<Option<mcp_sse_server::SessionRegistry>>> = Arc::default();
    let registry = Arc::clone(&slot);
    let server = Server::new(move |mut session: Session| {
        let registry = registry.lock().unwrap().clone().unwrap();
        async move {
            session.recv().await.unwrap();
            registry.broadcast(&message(7));
            registry.close(session.id());
            std::future::pending::<()>().await;
        }
    });
    *slot.lock().unwrap() = Some(server.sessions.clone());
    let (mut one, mut two) = (server.open(), server.open());
    server.post_now(&one.uri, ping(1));
    assert_eq!(one.poll(), Some(Some(event(&ping(7)))));
    let error = event(&unanswered(1, CloseReason::Closed));
    assert_eq!(one.poll(), Some(Some(error)));
    assert_eq!(one.next().await, None);
    assert_eq!(two.poll(), Some(Some(event(&ping(7)))));
    assert_eq!(server.sessions.len(), 1);
}

#[tokio::test]
async fn sessions_are_chosen_by_their_tags_and_transports_share_a_registry() {
    let sessions = mcp_sse_server::SessionRegistry::new();
    let tagged = |tag: &'static str| {
        let handler = move |mut session: Session| async move {
            assert_eq!(session.registry().list()[0].tag, None);
            session.set_tag("first");
            session.set_tag(tag);
            while session.recv().await.is_some() {}
        };
        let transport = SseServerTransport::new("/messages/", handler).unwrap();
        Server::of(&transport.registry(&sessions))
    };
    let (one, two) = (tagged("one"), tagged("two"));
    let mut first = one.open();
    assert_eq!(first.poll(), None);
    let tag = |session: &mcp_sse_server::session::SessionInfo| session.tag.clone();
    assert_eq!(
        sessions.list().iter().map(tag).collect::<Vec<_>>(),
        [Some("one".into())]
    );
    drop(first);
    let mut second = two.open();
    assert_eq!(second.poll(), None);
    let drain = sessions.drain(|session| session.tag.as_deref() == Some("two"));
    let mut drain = tokio_test::task::spawn(drain.into_future());
    tokio_test::assert_pending!(drain.poll());
    assert_eq!(second.next().await, None);
    drop(second);
    assert_eq!(drain.await, 0);
    assert!(one.sessions.is_empty() && two.sessions.is_empty());
}
