//! Each accepted request gets an answer: from the handler or, if the server ends the session first, an error with
//! the reason.

use std::time::Duration;

use mcp_sse_server::{
    Message, Session, SseServerTransport,
    handler::{BoxHandler, Handler, Spawned},
    response::RejectionKind,
    session::CloseReason,
};
use mcp_sse_testkit::{
    messages::{event, ping, response, unanswered},
    polled::{Server, Stream},
};
use tokio::time::{Instant, advance};

/// Does what a method says. It keeps the session, and what it received has no answer.
async fn obedient(mut session: Session) -> Result<(), String> {
    while let Some(incoming) = session.recv().await {
        match incoming.message.method() {
            Some("return") => return Ok(()),
            Some("fail") => return Err("asked to fail".to_owned()),
            Some("panic") => panic!("asked to panic"),
            Some("answer") => session.send(response(1)).await.unwrap(),
            // The rest of the inbox is dropped.
            Some("deafen") => {
                drop(session);
                return std::future::pending().await;
            }
            _ => {}
        }
    }
    Ok(())
}

fn note(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#)
}

fn cancel(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    )
}

async fn rest<F: Future<Output: mcp_sse_server::handler::HandlerOutput>>(
    stream: &mut Stream<F>,
) -> String {
    let mut all = String::new();
    while let Some(frame) = stream.next().await {
        all.push_str(&frame);
    }
    all
}

/// One request that was taken, and one in the inbox.
async fn both_get(reason: CloseReason, handler: impl Handler, end: &str) {
    let server = Server::new(handler);
    let mut stream = server.open();
    for text in [&ping(1), &note(end), &ping(2)] {
        server.post_now(&stream.uri, text);
    }
    let errors = [1, 2].map(|id| event(&unanswered(id, reason)));
    assert_eq!(rest(&mut stream).await, errors.concat(), "{end}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ends_leaves_no_request_without_an_answer() {
    for (end, reason) in [
        ("return", CloseReason::HandlerReturned),
        ("fail", CloseReason::HandlerFailed),
        ("panic", CloseReason::HandlerPanicked),
    ] {
        both_get(reason, obedient, end).await;
        both_get(reason, Spawned::new(obedient), end).await;
        both_get(reason, std::sync::Arc::new(obedient), end).await;
        both_get(reason, BoxHandler::new(obedient), end).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_registry_and_the_timeouts_leave_no_request_without_an_answer() {
    let idle = |transport: SseServerTransport<_>| transport.idle_timeout(Duration::from_secs(5));
    let server = Server::with(obedient, idle);
    let mut streams = [(); 3].map(|()| server.open());
    for stream in &mut streams {
        server.post_now(&stream.uri, ping(1));
        assert_eq!(stream.poll(), None);
    }
    let [closed, drained, idle] = &mut streams;

    assert!(server.sessions.close(&closed.id()));
    let error = event(&unanswered(1, CloseReason::Closed));
    assert_eq!(rest(closed).await, error);

    let id = drained.id();
    let drain = server.sessions.drain(|session| session.id == id);
    let drain = drain.deadline(Duration::from_secs(1));
    let (cut, text) = tokio::join!(drain.into_future(), rest(drained));
    assert_eq!((cut, text), (1, error));

    advance(Duration::from_secs(5)).await;
    let error = event(&unanswered(1, CloseReason::Idle));
    assert!(rest(idle).await.ends_with(&error));

    let mut last = server.open();
    server.post_now(&last.uri, ping(1));
    let shutdown = server.sessions.shutdown().deadline(Duration::from_secs(1));
    let (cut, text) = tokio::join!(shutdown.into_future(), rest(&mut last));
    let error = event(&unanswered(1, CloseReason::Shutdown));
    assert_eq!((cut, text), (1, error));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_answered_or_cancelled_gets_no_error() {
    let server = Server::new(obedient);
    let mut stream = server.open();
    // The ids are equal as JSON values.
    for text in [
        &ping(1),
        &note("answer"),
        &ping(2),
        &cancel("2"),
        r#"{"jsonrpc":"2.0","id":"a\u0062","method":"x"}"#,
        &cancel(r#""\u0061b""#),
        r#"{"jsonrpc":"2.0","id":999999999999999999,"method":"x"}"#,
        &cancel("999999999999999999"),
        r#"{"jsonrpc":"2.0","id":-1000000000000000000,"method":"x"}"#,
        &cancel("-1000000000000000000"),
        r#"{"jsonrpc":"2.0","id":123456789012345678901234567890,"method":"x"}"#,
        &cancel("123456789012345678901234567890"),
        &cancel("7"),
        &cancel("{}"),
        &note("return"),
        &ping(3),
        &cancel("3"),
    ] {
        server.post_now(&stream.uri, text);
    }
    assert_eq!(rest(&mut stream).await, event(response(1).as_str()));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_receiver_leaves_no_request_without_an_answer() {
    let server = Server::new(obedient);
    let mut stream = server.open();
    server.post_now(&stream.uri, note("deafen"));
    server.post_now(&stream.uri, ping(1));
    assert_eq!(stream.poll(), None);
    assert!(server.sessions.close(&stream.id()));
    let error = event(&unanswered(1, CloseReason::Closed));
    assert_eq!(rest(&mut stream).await, error);
}

#[tokio::test(start_paused = true)]
async fn two_open_requests_with_one_id_get_two_answers() {
    let server = Server::new(obedient);
    let mut stream = server.open();
    for text in [&ping(1), &ping(1), &note("answer"), &note("return")] {
        server.post_now(&stream.uri, text);
    }
    let answers = [
        event(response(1).as_str()),
        event(&unanswered(1, CloseReason::HandlerReturned)),
    ];
    assert_eq!(rest(&mut stream).await, answers.concat());
}

#[tokio::test(start_paused = true)]
async fn the_stream_stays_open_for_100_ms_after_the_last_event() {
    let server = Server::new(obedient);
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    server.post_now(&stream.uri, note("return"));
    assert!(stream.next().await.is_some());
    let start = Instant::now();
    assert_eq!(stream.next().await, None);
    let after = start.elapsed().as_millis();
    assert!((100..102).contains(&after), "{after} ms");

    // Nothing was just written.
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    advance(Duration::from_secs(1)).await;
    server.post_now(&stream.uri, note("return"));
    assert_eq!(stream.poll(), Some(None));
}

#[tokio::test(start_paused = true)]
async fn open_requests_are_bounded_in_number_and_in_bytes() {
    let server = Server::new(obedient);
    let stream = &mut server.open();
    let refused = |answer: http::Response<String>, kind, status: u16, words: &str| {
        assert_eq!(answer.extensions().get(), Some(&kind));
        assert_eq!(
            (answer.status().as_u16(), &**answer.body()),
            (status, words)
        );
    };
    for id in 0..4096 {
        server.post_now(&stream.uri, ping(id));
        assert_eq!(stream.poll(), None);
    }
    refused(
        server.post(&stream.uri, &ping(4096)).await,
        RejectionKind::TooManyRequests,
        503,
        "Session is busy: 4096 of its requests have no answer, or their ids take 256 KiB",
    );
    // Notifications pass, and a cancelled request leaves its place.
    server.post_now(&stream.uri, cancel("7"));
    server.post_now(&stream.uri, ping(4096));
    assert_eq!(stream.poll(), None);

    let long = |len: usize, id: usize| {
        let fill = "x".repeat(len - 4);
        format!(r#"{{"jsonrpc":"2.0","id":"{id:04}{fill}","method":"x"}}"#)
    };
    let stream = &mut server.open();
    refused(
        server.post(&stream.uri, &long(4097, 0)).await,
        RejectionKind::RequestIdTooLong,
        400,
        "Could not parse message: the id of a request has at most 4096 bytes",
    );
    let mut accepted = 0;
    while server
        .post(&stream.uri, &long(4096, accepted))
        .await
        .status()
        == 202
    {
        assert_eq!(stream.poll(), None);
        accepted += 1;
    }
    assert_eq!(accepted, 63, "256 KiB");
    server.post_now(&stream.uri, note("return"));
    assert_eq!(rest(stream).await.matches("-32603").count(), accepted);
}

#[tokio::test(start_paused = true)]
async fn during_a_drain_responses_and_notifications_are_taken() {
    /// Asks the client before it answers.
    async fn asks(mut session: Session) {
        while let Some(incoming) = session.recv().await {
            match incoming.message.as_request() {
                Some(_) => {
                    let ask = Message::request("s", "roots/list", &()).unwrap();
                    session.send(ask).await.unwrap();
                }
                None if incoming.message.as_response().is_some() => {
                    session.send(response(1)).await.unwrap();
                }
                None => {}
            }
        }
    }
    let server = Server::new(asks);
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    assert!(stream.poll().is_some());
    let sender = server.sessions.get(&stream.id()).unwrap();
    let mut hears = tokio_test::task::spawn(sender.draining());
    tokio_test::assert_pending!(hears.poll());
    let mut shutdown = tokio_test::task::spawn(server.sessions.shutdown().into_future());
    tokio_test::assert_pending!(shutdown.poll());
    assert!(sender.is_draining() && hears.is_woken());
    assert_eq!(server.post(&stream.uri, &ping(2)).await.status(), 404);
    server.post_now(&stream.uri, note("notifications/progress"));
    server.post_now(&stream.uri, response("\"s\"").as_str());
    assert_eq!(rest(&mut stream).await, event(response(1).as_str()));
    assert_eq!(shutdown.await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_closed_transport_refuses_sessions_with_404_while_its_server_goes_on() {
    let server = Server::new(obedient);
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    assert_eq!(stream.poll(), None);
    assert_eq!(server.sessions.close_all(), 1);
    let mut left = tokio_test::task::spawn(server.sessions.all_left());
    tokio_test::assert_pending!(left.poll());
    let refused = server.get();
    assert_eq!(refused.status(), 404);
    assert!(!refused.headers().contains_key("retry-after"));
    let kind = refused.extensions().get::<RejectionKind>();
    assert_eq!(kind, Some(&RejectionKind::TransportClosed));
    assert_eq!(server.post(&stream.uri, &ping(2)).await.status(), 404);
    let error = event(&unanswered(1, CloseReason::Closed));
    assert_eq!(rest(&mut stream).await, error);
    drop(stream);
    assert!(left.is_woken());
    left.await;
    // A shutdown after it does not ask clients to come again.
    assert_eq!(server.sessions.shutdown().await, 0);
    assert_eq!(server.get().status(), 404);
}

#[tokio::test(start_paused = true)]
async fn a_drain_of_some_sessions_leaves_the_others_and_the_door_open() {
    let server = Server::new(obedient);
    let (mut one, mut two) = (server.open(), server.open());
    let id = one.id();
    let (cut, text) = tokio::join!(
        server
            .sessions
            .drain(|session| session.id == id)
            .into_future(),
        rest(&mut one)
    );
    assert_eq!((cut, &*text), (0, ""));
    drop(one);
    assert_eq!(two.poll(), None);
    assert_eq!(server.sessions.len(), 1);
    assert_eq!(server.get().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_spawned_handler_has_time_to_finish_after_its_stream() {
    let (told, mut tells) = tokio::sync::mpsc::unbounded_channel();
    let handler = move |mut session: Session| {
        let told = told.clone();
        async move {
            while session.recv().await.is_some() {}
            for step in 0.. {
                told.send((step, session.close_reason())).unwrap();
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    };
    let server = Server::new(Spawned::new(handler).finish_within(Duration::from_secs(3)));
    let stream = server.open();
    drop(stream);
    let gone = Some(CloseReason::ClientGone);
    assert_eq!(tells.recv().await, Some((0, gone)));
    assert_eq!(tells.recv().await, Some((1, gone)));
    // The handler holds the other sender.
    drop(server);
    assert_eq!(tells.recv().await, None, "aborted after 3 s");
}
