//! The stream, polled by hand: its frames, its wakes and its end.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body::Body;
use http_body_util::Full;
use mcp_sse_server::{Message, Session, SseServerTransport, session::CloseReason};
use mcp_sse_testkit::{
    handlers::{send_back, silent},
    messages::{event, ping, response, unanswered},
    polled::Server,
    requests,
};
use tokio_test::assert_ready;
use tower::{Service, ServiceExt};

/// Without timers, so that no runtime is needed.
fn quiet<H>(transport: SseServerTransport<H>) -> SseServerTransport<H> {
    transport.keep_alive(None).stall_timeout(None)
}

#[test]
fn the_response_head_has_the_headers_for_proxies_and_clients() {
    let server = Server::with(silent, quiet);
    let response = server.get();
    assert_eq!(response.status(), 200);
    let headers: Vec<_> = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
        .collect();
    assert_eq!(
        headers,
        [
            ("content-type", "text/event-stream; charset=utf-8"),
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
        ]
    );
    assert!(!response.body().is_end_stream());
    assert_eq!(response.body().size_hint().exact(), None);
}

#[test]
fn a_message_is_received_and_answered_in_one_wake_of_the_stream() {
    let server = Server::with(send_back, quiet);
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    for id in 0..3 {
        assert!(!stream.is_woken());
        server.post_now(&stream.uri, ping(id));
        assert!(stream.is_woken());
        assert_eq!(stream.poll(), Some(Some(event(&ping(id)))));
        assert_eq!(stream.poll(), None);
        assert!(
            !stream.is_woken(),
            "a message of the handler must not wake its own stream"
        );
    }
}

#[test]
fn waiting_messages_share_a_frame_up_to_a_size() {
    let server = Server::with(send_back, quiet);
    let mut stream = server.open();
    for id in 0..3 {
        server.post_now(&stream.uri, ping(id));
    }
    let together: String = (0..3).map(|id| event(&ping(id))).collect();
    assert_eq!(stream.poll(), Some(Some(together)));

    let large = format!(
        r#"{{"jsonrpc":"2.0","method":"x","params":{{"x":"{}"}}}}"#,
        "y".repeat(16 * 1024)
    );
    for _ in 0..2 {
        server.post_now(&stream.uri, &large);
        server.post_now(&stream.uri, ping(7));
    }
    // A large text has a frame of its own. The lines around it share frames with other messages.
    let (before, after) = ("event: message\ndata: ", "\n\n");
    for expected in [
        before.to_owned(),
        large.clone(),
        format!("{after}{}{before}", event(&ping(7))),
        large,
        format!("{after}{}", event(&ping(7))),
    ] {
        assert_eq!(stream.poll(), Some(Some(expected)));
    }
    assert_eq!(stream.poll(), None);
}

#[test]
fn a_large_message_is_not_copied() {
    let server = Server::with(send_back, quiet);
    let mut stream = server.open();
    let large = format!(
        r#"{{"jsonrpc":"2.0","method":"x","params":{{"x":"{}"}}}}"#,
        "y".repeat(16 * 1024)
    );
    let posted = Bytes::from(large);
    // The server asks for the next frame.
    assert_eq!(stream.poll(), None);
    let answer = server
        .post
        .clone()
        .oneshot(requests::post(&stream.uri, Full::new(posted.clone())));
    let mut answer = tokio_test::task::spawn(answer);
    assert_eq!(assert_ready!(answer.poll()).unwrap().status(), 202);
    stream.poll_bytes();
    assert_eq!(stream.poll_bytes().as_ptr(), posted.as_ptr());
    assert_eq!(stream.poll_bytes(), "\n\n");
    assert_eq!(stream.poll(), None);
}

#[test]
fn a_large_message_with_line_breaks_has_one_data_line() {
    let server = Server::with(send_back, quiet);
    let mut stream = server.open();
    let head = r#"{"jsonrpc":"2.0","method":"x","#;
    let params = format!(r#""params":{{"x":"{}"}}}}"#, "y".repeat(16 * 1024));
    server.post_now(&stream.uri, format!("{head}\n{params}"));
    let expected = event(&format!("{head} {params}"));
    assert_eq!(stream.poll(), Some(Some(expected)));
    assert_eq!(stream.poll(), None);
}

/// A server asks for more when it has written a frame. So frames show that a client reads.
#[test]
fn a_large_message_is_handed_out_in_pieces() {
    const LEN: usize = 8 * 1024 * 1024;
    for line_break in ["", "\n"] {
        let server = Server::with(silent, |transport| quiet(transport).queue_bytes(4 * LEN));
        let mut stream = server.open();
        let sender = server.sender(&stream);
        let pad = "y".repeat(LEN);
        let text =
            format!(r#"{{"jsonrpc":"2.0","method":"x",{line_break}"params":{{"x":"{pad}"}}}}"#);
        let message = Message::parse(text.clone()).unwrap();
        sender.try_send(message.clone()).unwrap();
        sender.try_send(Message::parse(ping(1)).unwrap()).unwrap();
        assert_eq!(server.sessions.broadcast(&message).sent, 1);
        let (mut all, mut largest) = (String::new(), 0);
        while let Some(frame) = stream.poll() {
            let frame = frame.unwrap();
            largest = largest.max(frame.len());
            all.push_str(&frame);
        }
        assert!(largest <= 64 * 1024, "{largest}");
        let one_line = text.replace('\n', " ");
        let events = [&*one_line, &ping(1), &one_line].map(event);
        assert!(all == events.concat(), "what was read is what was sent");
    }
}

#[test]
fn a_large_message_is_written_completely_when_its_session_closes() {
    let server = Server::with(send_back, quiet);
    let mut stream = server.open();
    let large = format!(
        r#"{{"jsonrpc":"2.0","method":"x","params":{{"x":"{}"}}}}"#,
        "y".repeat(16 * 1024)
    );
    server.post_now(&stream.uri, &large);
    let mut all = String::new();
    all.push_str(&stream.poll().unwrap().unwrap());
    assert!(server.sessions.close(&stream.id()));
    while let Some(frame) = stream.poll().unwrap() {
        all.push_str(&frame);
    }
    assert_eq!(all, event(&large));
}

#[test]
fn a_handler_that_returns_ends_the_stream_after_the_outbox() {
    let server = Server::with(
        |mut session: Session| async move {
            for _ in 0..2 {
                let incoming = session.recv().await.unwrap();
                session.send(incoming.message).await.unwrap();
            }
        },
        quiet,
    );
    let mut stream = server.open();
    let note = |id| format!(r#"{{"jsonrpc":"2.0","method":"{id}"}}"#);
    server.post_now(&stream.uri, note(1));
    server.post_now(&stream.uri, note(2));
    assert_eq!(server.sessions.len(), 1);
    assert_eq!(
        stream.poll(),
        Some(Some(event(&note(1)) + &event(&note(2))))
    );
    assert_eq!(
        server.sessions.len(),
        0,
        "a closed session is not found any more"
    );
    assert!(!stream.body.is_end_stream());
    for _ in 0..3 {
        assert_eq!(stream.poll(), Some(None));
        assert!(stream.body.is_end_stream());
        assert_eq!(stream.body.size_hint().exact(), Some(0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_returns_at_once_still_announces_its_endpoint() {
    let server = Server::new(|_: Session| async {});
    let mut stream = server.open();
    assert_eq!(stream.next().await, None);
    assert_eq!(server.sessions.len(), 0);
}

/// Records that it was dropped.
struct Dropped(Arc<Mutex<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
    }
}

#[test]
fn a_stream_dropped_in_any_state_drops_its_session_and_handler() {
    let drops = Arc::new(Mutex::new(0));
    let noted = Arc::clone(&drops);
    let handler = move |session: Session| {
        let dropped = Dropped(Arc::clone(&noted));
        async move {
            let _dropped = dropped;
            send_back(session).await;
        }
    };
    let server = Server::with(handler, quiet);

    // The response future is never polled.
    let mut sse = server.sse.clone();
    let future = sse.call(requests::get().map(|()| String::new()));
    assert_eq!((server.sessions.len(), *drops.lock().unwrap()), (1, 0));
    drop(future);
    assert_eq!((server.sessions.len(), *drops.lock().unwrap()), (0, 1));
    // The body is never polled.
    drop(server.get());
    assert_eq!((server.sessions.len(), *drops.lock().unwrap()), (0, 2));
    // After the first event.
    drop(server.open());
    assert_eq!((server.sessions.len(), *drops.lock().unwrap()), (0, 3));
    // While the handler waits.
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    drop(stream);
    assert_eq!((server.sessions.len(), *drops.lock().unwrap()), (0, 4));
    // With messages in both queues.
    let mut stream = server.open();
    let sender = server.sessions.get(&stream.id()).unwrap();
    server.post_now(&stream.uri, ping(1));
    assert!(matches!(stream.poll(), Some(Some(_))));
    server.post_now(&stream.uri, ping(2));
    let mut send = tokio_test::task::spawn(sender.send(Message::parse(ping(3)).unwrap()));
    tokio_test::assert_ready_ok!(send.poll());
    drop(send);
    drop(stream);
    assert_eq!((server.sessions.len(), *drops.lock().unwrap()), (0, 5));
    assert!(sender.is_closed());
}

#[test]
fn a_panic_in_a_handler_closes_only_its_session() {
    let server = Server::with(
        |mut session: Session| async move {
            while let Some(incoming) = session.recv().await {
                let stop = incoming.message.method() == Some("panic");
                session.send(incoming.message).await.unwrap();
                assert!(!stop, "asked to panic");
            }
        },
        quiet,
    );
    let (mut one, mut two) = (server.open(), server.open());
    let panic = r#"{"jsonrpc":"2.0","id":1,"method":"panic"}"#;
    server.post_now(&one.uri, panic);
    assert_eq!(
        one.poll(),
        Some(Some(event(panic))),
        "messages sent before are written"
    );
    let error = event(&unanswered(1, CloseReason::HandlerPanicked));
    assert_eq!(one.poll(), Some(Some(error)));
    assert_eq!(one.poll(), Some(None));
    assert_eq!(server.sessions.len(), 1);
    server.post_now(&two.uri, ping(2));
    assert_eq!(two.poll(), Some(Some(event(&ping(2)))));
}

#[test]
fn a_panic_in_the_call_of_the_handler_closes_only_that_session() {
    let server = Server::with(
        |session: Session| {
            assert!(
                session.parts().headers.contains_key("good"),
                "asked to panic"
            );
            send_back(session)
        },
        quiet,
    );
    let mut stream = server.open();
    assert_eq!(stream.poll(), Some(None));
    assert_eq!(server.sessions.len(), 0);
}

#[test]
fn a_panic_in_the_drop_of_a_handler_closes_only_its_session() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("asked to panic");
        }
    }
    let server = Server::with(
        |session: Session| async move {
            let _bomb = Bomb;
            silent(session).await;
        },
        quiet,
    );
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    assert!(server.sessions.close(&stream.id()));
    assert!(stream.is_woken());
    assert_eq!(stream.poll(), Some(None));
}

#[test]
fn other_senders_cannot_keep_a_handler_from_running() {
    let server = Server::with(send_back, |transport| quiet(transport).queue_messages(1));
    let mut stream = server.open();
    let sender = server.sessions.get(&stream.id()).unwrap();
    let flood = r#"{"jsonrpc":"2.0","method":"flood"}"#;
    let push = || {
        let mut send = tokio_test::task::spawn(sender.send(Message::parse(flood).unwrap()));
        let _ = send.poll();
    };
    server.post_now(&stream.uri, ping(1));
    let mut seen = String::new();
    for _ in 0..4 {
        push();
        seen.push_str(&stream.poll().unwrap().unwrap());
    }
    assert!(seen.contains(&event(&ping(1))), "{seen}");
}

#[test]
fn messages_sent_before_a_panic_are_written_before_the_stream_ends() {
    let handler = |mut session: Session| async move {
        while let Some(incoming) = session.recv().await {
            match incoming.message.method() {
                Some("panic") => panic!("asked to panic"),
                _ => session.send(response(1)).await.unwrap(),
            }
        }
    };
    let server = Server::with(handler, quiet);
    let mut stream = server.open();
    server.post_now(&stream.uri, ping(1));
    server.post_now(&stream.uri, r#"{"jsonrpc":"2.0","id":2,"method":"panic"}"#);
    server.post_now(&stream.uri, ping(3));
    assert_eq!(stream.poll(), Some(Some(event(response(1).as_str()))));
    // A request that was taken, and one that was in the inbox.
    let errors = [2, 3].map(|id| event(&unanswered(id, CloseReason::HandlerPanicked)));
    assert_eq!(stream.poll(), Some(Some(errors.concat())));
    assert_eq!(stream.poll(), Some(None));
}
