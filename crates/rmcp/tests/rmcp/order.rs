//! rmcp sends each message from a task of its own. Their order is that of the calls of `send`.

use std::{io, pin::Pin};

use mcp_sse_server::{Session, SseServerTransport, sse::SseBody};
use mcp_sse_testkit::{events::Events, polled};
use rmcp::{
    RoleServer,
    model::{CustomNotification, ServerJsonRpcMessage, ServerNotification},
    transport::{IntoTransport, Transport},
};
use serde_json::{Value, json};
use tokio::sync::mpsc;

type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;
type Sending = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

fn send(to: &mut impl Transport<RoleServer, Error = io::Error>, number: usize) -> Sending {
    let note = CustomNotification::new("notifications/note", Some(json!({"number": number})));
    let note = ServerNotification::CustomNotification(note);
    Box::pin(to.send(ServerJsonRpcMessage::notification(note)))
}

/// rmcp's transport of a session whose outbox has room for one message, and its stream.
async fn open() -> (
    impl Transport<RoleServer, Error = io::Error>,
    Events<SseBody<Handling>>,
) {
    let (give, mut sessions) = mpsc::unbounded_channel();
    let transport = SseServerTransport::new("/messages/", move |session: Session| -> Handling {
        give.send(session).unwrap();
        Box::pin(std::future::pending())
    });
    let server = polled::Server::of(&transport.unwrap().keep_alive(None).queue_messages(1));
    let (_uri, events) = server.open().into_events();
    let session = sessions.recv().await.unwrap();
    (session.into_transport(), events)
}

async fn numbers(events: &mut Events<SseBody<Handling>>, count: usize) -> Vec<u64> {
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let event = events.next().await.expect("the stream continues");
        let note: Value = serde_json::from_str(&event.data).unwrap();
        numbers.push(note["params"]["number"].as_u64().unwrap());
    }
    numbers
}

#[tokio::test]
async fn messages_keep_their_order_when_the_outbox_is_full() {
    let (mut transport, mut events) = open().await;
    let mut sends: Vec<_> = (0..5).map(|number| send(&mut transport, number)).collect();
    // The outbox has room again, and the messages that wait have not been polled.
    assert_eq!(numbers(&mut events, 1).await, [0]);
    sends.extend((5..8).map(|number| send(&mut transport, number)));
    // The last one is polled first.
    for send in sends.into_iter().rev() {
        tokio::spawn(async { send.await.unwrap() });
    }
    assert_eq!(numbers(&mut events, 7).await, Vec::from_iter(1..8));
}

#[tokio::test]
async fn a_message_that_is_not_sent_leaves_the_others_in_their_order() {
    let (mut transport, mut events) = open().await;
    let sends = (0..6).map(|number| send(&mut transport, number));
    let sends: Vec<_> = sends.map(Some).collect();
    for (number, send) in sends.into_iter().enumerate().rev() {
        match number {
            1 | 3 => drop(send),
            _ => drop(tokio::spawn(async { send.unwrap().await.unwrap() })),
        }
    }
    assert_eq!(numbers(&mut events, 4).await, [0, 2, 4, 5]);
}
