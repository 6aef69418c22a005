//! Clients that come back: the session is initialized on their behalf.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::HeaderValue;
use mcp_sse_server::{
    Message, Session, SseServerTransport,
    handler::{BoxHandler, Spawned},
    message::{ErrorCode, MessageKind},
    session::CloseReason,
};
use mcp_sse_testkit::{
    client::Client,
    messages::{event, ping, unanswered},
    polled::Server,
    relay_kit::Engine,
    requests, server,
};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::relay::Neighbours;

const CALL: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"x"}}"#;
const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const STATELESS: &str = r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;

type Seen = Arc<Mutex<Vec<String>>>;

/// Answers requests, and refuses a version that begins with "bad". Notes each message.
async fn notes(mut session: Session, seen: Seen) {
    session.initialize_returning_clients();
    while let Some(incoming) = session.recv().await {
        seen.lock()
            .unwrap()
            .push(incoming.message.as_str().to_owned());
        let Some(request) = incoming.message.as_request() else {
            continue;
        };
        let refuses = incoming.message.as_str().contains(r#""bad"#);
        let answer = match refuses {
            true => request.error(ErrorCode::INVALID_PARAMS, "no such version"),
            false => request.response(&json!({})).unwrap(),
        };
        session.send(answer).await.unwrap();
    }
}

fn noting() -> (Server<impl mcp_sse_server::Handler>, Seen) {
    let seen = Seen::default();
    let notes_seen = Arc::clone(&seen);
    let handler = move |session| notes(session, Arc::clone(&notes_seen));
    (Server::new(handler), seen)
}

fn names(seen: &Seen) -> Vec<String> {
    let name = |text: String| {
        let message = Message::parse(text).unwrap();
        message.method().unwrap_or("-").to_owned()
    };
    std::mem::take(&mut *seen.lock().unwrap())
        .into_iter()
        .map(name)
        .collect()
}

fn answer(id: usize) -> String {
    event(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#))
}

#[tokio::test]
async fn a_client_that_comes_back_is_initialized_and_sees_only_its_own_answers() {
    for first in [
        CALL,
        r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
        r#"{"jsonrpc":"2.0","id":"s","result":{}}"#,
    ] {
        let (server, seen) = noting();
        let mut stream = server.open();
        server.post_now(&stream.uri, first);
        server.post_now(&stream.uri, ping(8));
        let all = stream.poll();
        let first_answer = if first == CALL {
            answer(7)
        } else {
            String::new()
        };
        assert_eq!(all, Some(Some(first_answer + &answer(8))));
        let texts = seen.lock().unwrap().clone();
        assert_eq!(texts[2], first, "byte for byte");
        assert_eq!(
            names(&seen)[..2],
            ["initialize", "notifications/initialized"]
        );
    }
}

#[tokio::test]
async fn a_client_that_needs_no_handshake_is_left_alone() {
    for first in [INITIALIZE, STATELESS] {
        let (server, seen) = noting();
        let mut stream = server.open();
        server.post_now(&stream.uri, first);
        server.post_now(&stream.uri, CALL);
        assert!(stream.poll().is_some());
        assert_eq!(*seen.lock().unwrap(), [first, CALL]);
    }
}

#[tokio::test]
async fn a_ping_does_not_decide() {
    for (second, expected) in [
        (INITIALIZE, &["ping", "initialize"][..]),
        (
            CALL,
            &[
                "ping",
                "initialize",
                "notifications/initialized",
                "tools/call",
            ],
        ),
    ] {
        let (server, seen) = noting();
        let mut stream = server.open();
        server.post_now(&stream.uri, ping(1));
        server.post_now(&stream.uri, second);
        assert!(stream.poll().is_some());
        assert_eq!(names(&seen), expected);
    }
}

#[tokio::test]
async fn a_handshake_that_was_cut_in_the_middle_is_completed_once() {
    let (server, seen) = noting();
    let mut stream = server.open();
    server.post_now(&stream.uri, INITIALIZED);
    server.post_now(&stream.uri, CALL);
    assert_eq!(stream.poll(), Some(Some(answer(7))));
    assert_eq!(
        names(&seen),
        ["initialize", "notifications/initialized", "tools/call"]
    );
}

#[tokio::test]
async fn the_request_says_what_the_headers_say() {
    for (version, agent, expected_version, expected_name) in [
        (None, None, "2024-11-05", "unknown"),
        (
            Some("2025-06-18"),
            Some("node \"x\"\\"),
            "2025-06-18",
            "node \"x\"\\",
        ),
    ] {
        let (server, seen) = noting();
        let mut stream = server.open();
        let mut post = requests::post_text(&stream.uri, CALL);
        for (name, value) in [("mcp-protocol-version", version), ("user-agent", agent)] {
            if let Some(value) = value {
                post.headers_mut()
                    .insert(name, HeaderValue::from_static(value));
            }
        }
        let answer = server.post.clone().oneshot(post).await.unwrap();
        assert_eq!(answer.status(), 202);
        assert!(stream.poll().is_some());
        let initialize: Value = serde_json::from_str(&seen.lock().unwrap()[0]).unwrap();
        assert_eq!(
            initialize["params"],
            json!({
                "protocolVersion": expected_version,
                "capabilities": {},
                "clientInfo": { "name": expected_name, "version": "" },
            })
        );
        assert!(initialize["id"].is_string());
    }
}

#[tokio::test]
async fn after_an_error_the_message_follows_without_a_handshake() {
    let (server, seen) = noting();
    let mut stream = server.open();
    let mut post = requests::post_text(&stream.uri, CALL);
    let version = HeaderValue::from_static("bad");
    post.headers_mut().insert("mcp-protocol-version", version);
    server.post.clone().oneshot(post).await.unwrap();
    assert_eq!(stream.poll(), Some(Some(answer(7))));
    assert_eq!(names(&seen), ["initialize", "tools/call"]);
}

#[tokio::test(start_paused = true)]
async fn a_first_message_waits_for_the_answer_and_can_be_cancelled_meanwhile() {
    let slot: Arc<Mutex<Option<Session>>> = Arc::default();
    let put = Arc::clone(&slot);
    let server = Server::new(move |session: Session| {
        *put.lock().unwrap() = Some(session);
        std::future::pending::<()>()
    });
    let mut stream = server.open();
    let mut session = slot.lock().unwrap().take().unwrap();
    session.initialize_returning_clients();
    server.post_now(&stream.uri, CALL);
    server.post_now(&stream.uri, ping(8));
    let initialize = session.try_recv().unwrap().message;
    let (sender, mut receiver) = session.split();
    let mut next = tokio_test::task::spawn(async { receiver.recv().await });
    tokio_test::assert_pending!(next.poll());
    // A call that is cancelled meanwhile is still delivered, followed by its cancellation.
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#;
    server.post_now(&stream.uri, cancel);
    tokio_test::assert_pending!(next.poll());
    let request = initialize.as_request().unwrap();
    // Other messages of the handler reach the client.
    let log = Message::notification("notifications/message", &json!({})).unwrap();
    sender.try_send(log.clone()).unwrap();
    assert!(!next.is_woken());
    sender
        .try_send(request.response(&json!({})).unwrap())
        .unwrap();
    assert!(next.is_woken());
    let initialized = next.await.unwrap().message;
    assert_eq!(initialized.kind(), MessageKind::Notification);
    for text in [CALL, &ping(8), cancel] {
        assert_eq!(receiver.try_recv().unwrap().message.as_str(), text);
    }
    assert_eq!(stream.poll(), Some(Some(event(log.as_str()))));
    // The same id a second time is an ordinary message of the handler.
    let late = request.response(&json!({})).unwrap();
    sender.try_send(late.clone()).unwrap();
    assert_eq!(stream.poll(), Some(Some(event(late.as_str()))));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_closed_before_the_answer_answers_the_first_message() {
    async fn never(mut session: Session) {
        session.initialize_returning_clients();
        let _initialize = session.recv().await;
        assert!(session.recv().await.is_none());
        std::future::pending().await
    }
    let server = Server::new(Spawned::new(never));
    let mut stream = server.open();
    server.post_now(&stream.uri, CALL);
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(server.sessions.close(&stream.id()));
    let error = event(&unanswered(7, CloseReason::Closed));
    assert_eq!(stream.next().await, Some(error));
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_handler_that_did_not_ask_gets_what_was_posted() {
    let server = Server::new(mcp_sse_testkit::handlers::send_back);
    let mut stream = server.open();
    server.post_now(&stream.uri, CALL);
    assert_eq!(stream.poll(), Some(Some(event(CALL))));
}

/// As `notes`, with the halves of the session in two places.
async fn notes_split(mut session: Session, seen: Seen) {
    session.initialize_returning_clients();
    let (sender, mut receiver) = session.split();
    while let Some(incoming) = receiver.recv().await {
        seen.lock()
            .unwrap()
            .push(incoming.message.as_str().to_owned());
        if let Some(request) = incoming.message.as_request() {
            let answer = request.response(&json!({})).unwrap();
            sender.send(answer).await.unwrap();
        }
    }
}

#[tokio::test]
async fn it_works_over_http1_and_http2_split_and_spawned() {
    let seen = Seen::default();
    let [whole, split] = [(); 2].map(|()| Arc::clone(&seen));
    let whole = move |session| notes(session, Arc::clone(&whole));
    let split = move |session| notes_split(session, Arc::clone(&split));
    for handler in [
        BoxHandler::new(whole.clone()),
        BoxHandler::new(Spawned::new(whole)),
        BoxHandler::new(split.clone()),
        BoxHandler::new(Spawned::new(split)),
    ] {
        let transport = SseServerTransport::new("/messages/", handler).unwrap();
        let server = server::Server::spawn(&transport).await;
        let address = &server.address.to_string();
        for mut client in [Client::http1(address).await, Client::http2(address).await] {
            let (uri, mut events) = client.open(address, "/sse").await;
            let mut poster = client.another(address).await;
            assert_eq!(poster.post(address, &uri, CALL).await.0, 202);
            let text = events.next().await.unwrap().data;
            assert_eq!(text, r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
            assert_eq!(
                names(&seen),
                ["initialize", "notifications/initialized", "tools/call"]
            );
        }
    }
}

#[tokio::test]
async fn it_works_for_posts_that_another_node_forwards() {
    let neighbours = Neighbours::default();
    let seen = Seen::default();
    let node = |name| {
        let seen = Arc::clone(&seen);
        let handler = move |session| notes(session, Arc::clone(&seen));
        let transport = SseServerTransport::new("/messages/", handler).unwrap();
        transport.node(name).unwrap().relay(neighbours.clone())
    };
    let (front, back) = (node("a1"), node("a2"));
    let _serving = neighbours.serve(&neighbours, back.inbound()).await;
    let mut stream = Server::of(&back).open();
    let answered = Server::of(&front).post(&stream.uri, CALL).await;
    assert_eq!(answered.status(), 202);
    assert_eq!(stream.poll(), Some(Some(answer(7))));
    assert_eq!(
        names(&seen),
        ["initialize", "notifications/initialized", "tools/call"]
    );
}
