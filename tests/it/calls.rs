//! Requests of the server to the client, and their answers.

use std::sync::{Arc, Mutex};

use mcp_sse_server::{
    Message, Session,
    message::{ErrorCode, OwnedRequestId},
    session::{CloseReason, RequestError, SendError, SessionSender},
};
use mcp_sse_testkit::{
    messages::ping,
    polled::{Server, Stream},
};
use serde_json::{Value, json};
use tokio_test::{assert_pending, assert_ready, task};

/// Asks the client for its roots before it answers a request.
async fn asks(mut session: Session) -> Result<(), SendError> {
    while let Some(incoming) = session.recv().await {
        let Some(request) = incoming.message.as_request() else {
            panic!("{:?}", incoming.message);
        };
        let answer = match session.sender().request("roots/list", &()).await {
            Ok(roots) => request.response(&roots.result::<Value>().unwrap()),
            Err(error) => Ok(request.error(ErrorCode::INTERNAL_ERROR, error)),
        };
        session.send(answer.unwrap()).await?;
    }
    Ok(())
}

/// The messages of a stream's next frame.
fn next<const N: usize, F>(stream: &mut Stream<F>) -> [Message; N]
where
    F: Future<Output: mcp_sse_server::handler::HandlerOutput>,
{
    let frame = stream.poll().flatten().expect("a frame");
    let events = frame.split_terminator("\n\n");
    let texts = events.map(|event| event.strip_prefix("event: message\ndata: "));
    let messages = texts.map(|text| text.expect("a message").parse().unwrap());
    Vec::from_iter(messages)
        .try_into()
        .expect("so many messages")
}

/// The id of a request for the client's roots.
fn asked(message: &Message) -> OwnedRequestId {
    let request = message.as_request().expect("a request");
    assert_eq!(request.method(), "roots/list");
    request.id().into()
}

#[tokio::test]
async fn a_handler_gets_the_answer_before_the_messages_that_wait() {
    let server = Server::new(asks);
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    let id = asked(&next::<1, _>(&mut stream)[0]);
    server.post_now(&stream.uri, ping(2));
    assert!(stream.poll().is_none());
    let roots = json!({ "roots": ["\u{2028}"] });
    server.post_now(&stream.uri, Message::response(&id, &roots).unwrap());
    assert!(stream.is_woken());
    let [answer, asked_again] = next(&mut stream);
    assert_eq!(answer.id(), Message::parse(ping(1)).unwrap().id());
    assert_eq!(
        answer.as_response().unwrap().result::<Value>().unwrap(),
        roots
    );
    let second = asked(&asked_again);
    assert_ne!(second, id);
    let error = Message::error(&second, ErrorCode(-7), "a secret").unwrap();
    server.post_now(&stream.uri, error);
    let [answer] = next(&mut stream);
    let words = "the client answered with the error -7";
    assert_eq!(answer.as_error().unwrap().text(), words);
}

/// A server whose handler gives its sender to the test, and counts what it receives.
type Seen = Arc<Mutex<(Option<SessionSender>, usize)>>;

fn server() -> (Server<impl mcp_sse_server::Handler>, Seen) {
    let seen = Seen::default();
    let shared = Arc::clone(&seen);
    let handler = move |mut session: Session| {
        let seen = Arc::clone(&shared);
        async move {
            seen.lock().unwrap().0 = Some(session.sender().clone());
            while session.recv().await.is_some() {
                seen.lock().unwrap().1 += 1;
            }
        }
    };
    let server = Server::with(handler, |transport| transport.queue_messages(2));
    (server, seen)
}

fn sender(seen: &Seen) -> SessionSender {
    seen.lock().unwrap().0.clone().unwrap()
}

#[tokio::test]
async fn a_request_that_is_dropped_is_cancelled_and_its_answer_reaches_nobody() {
    let (server, seen) = server();
    let mut stream = server.open();
    assert!(stream.poll().is_none());
    let client = sender(&seen);
    let mut request = task::spawn(client.request("roots/list", &()));
    assert_pending!(request.poll());
    let id = asked(&next::<1, _>(&mut stream)[0]);
    drop(request);
    let [cancelled] = next(&mut stream);
    let cancelled = cancelled.as_notification().unwrap();
    assert_eq!(cancelled.method(), "notifications/cancelled");
    let params: Value = cancelled.params().unwrap();
    assert_eq!(params, json!({ "requestId": id }));

    server.post_now(&stream.uri, Message::response(&id, &json!({})).unwrap());
    assert!(stream.poll().is_none());
    assert_eq!(seen.lock().unwrap().1, 0);
    // The answer to a request that the handler made itself reaches it.
    server.post_now(&stream.uri, Message::response("x", &json!({})).unwrap());
    assert!(stream.poll().is_none());
    assert_eq!(seen.lock().unwrap().1, 1);
}

#[tokio::test]
async fn a_request_that_was_not_sent_is_dropped_without_a_trace() {
    let (server, seen) = server();
    let mut stream = server.open();
    assert!(stream.poll().is_none());
    let client = sender(&seen);
    drop(client.request("roots/list", &()));
    let mut sent = [1, 2].map(|_| task::spawn(client.request("roots/list", &())));
    for request in &mut sent {
        assert_pending!(request.poll());
    }
    let mut waiting = task::spawn(client.request("roots/list", &()));
    assert_pending!(waiting.poll());
    drop(waiting);
    let requests: [Message; 2] = next(&mut stream);
    for (request, message) in sent.iter_mut().zip(&requests) {
        let id = asked(message);
        server.post_now(&stream.uri, Message::response(&id, &json!({})).unwrap());
        assert!(assert_ready!(request.poll()).is_ok());
    }
    drop(sent);
    assert!(stream.poll().is_none());
}

#[tokio::test]
async fn a_request_ends_with_its_session() {
    let (server, seen) = server();
    let mut stream = server.open();
    assert!(stream.poll().is_none());
    let client = sender(&seen);
    let mut request = task::spawn(client.request("roots/list", &()));
    assert_pending!(request.poll());
    assert!(server.sessions.close(client.id()));
    assert!(request.is_woken());
    let error = assert_ready!(request.poll()).unwrap_err();
    assert!(matches!(error, RequestError::Closed(CloseReason::Closed)));
    let error = assert_ready!(task::spawn(client.request("roots/list", &())).poll()).unwrap_err();
    assert_eq!(error.to_string(), "the session is closed: closed");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_drains_still_takes_the_answer() {
    let server = Server::new(asks);
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    let id = asked(&next::<1, _>(&mut stream)[0]);
    let _drain = task::spawn(server.sessions.shutdown().into_future()).poll();
    assert!(stream.poll().is_none());
    server.post_now(
        &stream.uri,
        Message::response(&id, &json!({ "a": 1 })).unwrap(),
    );
    assert!(next::<1, _>(&mut stream)[0].as_response().is_some());
}

#[tokio::test]
async fn too_many_requests_and_wrong_params_are_refused() {
    let (server, seen) = server();
    let mut stream = server.open();
    assert!(stream.poll().is_none());
    let client = sender(&seen);
    let mut requests = Vec::new();
    for _ in 0..64 {
        let mut request = task::spawn(client.request("roots/list", &()));
        assert_pending!(request.poll());
        requests.push(request);
        asked(&next::<1, _>(&mut stream)[0]);
        assert_pending!(requests.last_mut().unwrap().poll());
    }
    let error = assert_ready!(task::spawn(client.request("roots/list", &())).poll()).unwrap_err();
    assert!(matches!(error, RequestError::TooMany));
    let error = assert_ready!(task::spawn(client.request("roots/list", &7)).poll()).unwrap_err();
    let words = "`params` must be an object, null or absent, found an integer (at byte 73)";
    assert_eq!(error.to_string(), words);
}
