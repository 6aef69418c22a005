//! Bodies of `POST`s: how much of a body is read, and which answer a body gets.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use mcp_sse_server::{SseServerTransport, response::RejectionKind};
use mcp_sse_testkit::{
    HOST,
    bodies::Fed,
    handlers::echo,
    messages::ping,
    polled::{Server, text_of},
    requests,
};
use tokio_test::{assert_pending, assert_ready_ok, task};
use tower::{Service, ServiceExt};

const LIMIT: usize = 64 * 1024;

fn transport() -> SseServerTransport<impl mcp_sse_server::Handler<Future: Send> + Send + Sync> {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    transport.body_limit(LIMIT)
}

fn is(answer: &Response<String>, status: u16, text: &str) {
    assert_eq!(
        (answer.status().as_u16(), answer.body().as_str()),
        (status, text)
    );
}

/// A body that must not be polled.
fn untouchable() -> UnsyncBoxBody<Bytes, Infallible> {
    let frames = stream::poll_fn(|_| panic!("the body is read"));
    StreamBody::new(frames).boxed_unsync()
}

/// The client sends the whole body before it reads the answer, so the body is read.
#[tokio::test]
async fn a_request_that_its_head_refuses_has_its_body_read_to_the_end_before_the_answer() {
    let memory = Server::of(&transport());
    let (uri, _events) = memory.open().into_events();
    let unknown = "/messages/?session_id=0123456789abcdef0123456789abcdef";
    let post = |target: &str| Request::post(target).header("host", HOST);
    let json = |target: &str| post(target).header("content-type", "application/json");
    for (request, status, text) in [
        (json("/messages/"), 400, "session_id is required"),
        (json("/messages/?session_id=x"), 400, "Invalid session ID"),
        (json(unknown), 404, "Could not find session"),
        (
            json(&uri).header("origin", "https://evil.example"),
            403,
            "Invalid Origin header: this server does not allow it, see allow_origin",
        ),
        (
            Request::post(&uri)
                .header("host", "evil.example")
                .header("content-type", "application/json"),
            421,
            "Invalid Host header: this server does not allow it, see allow_host",
        ),
        (
            json(&uri).header("content-encoding", "gzip"),
            415,
            "Unsupported content encoding",
        ),
        (
            post(&uri).header("content-type", "text/plain; charset=utf-8"),
            400,
            "Invalid Content-Type header: expected application/json, received text/plain",
        ),
        (
            post(&uri),
            400,
            "Invalid Content-Type header: expected application/json, received none",
        ),
        (
            Request::get(&uri).header("host", HOST),
            405,
            "Method Not Allowed",
        ),
    ] {
        let body = Fed::declaring(LIMIT);
        let request = request.body(body.clone()).unwrap();
        let mut answer = tokio_test::task::spawn(memory.post.clone().call(request));
        for piece in 0..4 {
            assert!(answer.poll().is_pending(), "{text}");
            assert!(body.is_awaited(), "piece {piece} of {text}");
            body.piece(&"x".repeat(LIMIT / 4));
        }
        body.finish();
        let std::task::Poll::Ready(Ok(response)) = answer.poll() else {
            panic!("{text}: the body is over")
        };
        is(&text_of(response).await, status, text);
    }
}

#[tokio::test]
async fn an_encoded_body_is_refused_and_identity_is_no_encoding() {
    let memory = Server::of(&transport());
    let (uri, mut events) = memory.open().into_events();
    let post = |encoding: &'static str| {
        let mut request = requests::post_text(&uri, ping(1));
        let headers = request.headers_mut();
        headers.insert("content-encoding", encoding.parse().unwrap());
        request
    };
    for encoding in ["gzip", "br", "identity, gzip", ""] {
        let answer = memory.call(post(encoding)).await;
        is(&answer, 415, "Unsupported content encoding");
        assert_eq!(answer.headers()["accept-encoding"], "identity");
    }
    for encoding in ["identity", "Identity"] {
        is(&memory.call(post(encoding)).await, 202, "Accepted");
        assert_eq!(events.echoed().await, ping(1));
    }
}

#[tokio::test]
async fn a_client_that_expects_to_be_asked_for_its_body_is_refused_at_once() {
    let memory = Server::of(&transport());
    let (uri, _events) = memory.open().into_events();
    let unknown = "/messages/?session_id=0123456789abcdef0123456789abcdef";
    for (target, len, status, text) in [
        (uri.as_str(), LIMIT + 1, 413, "Request body too large"),
        (unknown, LIMIT, 404, "Could not find session"),
    ] {
        let mut waits = requests::post(target, untouchable());
        let headers = waits.headers_mut();
        headers.insert("content-length", len.into());
        headers.insert("expect", "100-continue".parse().unwrap());
        is(&memory.call(waits).await, status, text);
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_refused_and_delivers_nothing() {
    let memory = Server::of(&transport());
    let (uri, mut events) = memory.open().into_events();
    for whole in [
        ping(1),
        r#"{"jsonrpc""#.to_owned(),
        "[".to_owned(),
        String::new(),
    ] {
        let frames = [
            Ok(Frame::data(Bytes::from(whole.clone()))),
            Err("broken off"),
        ];
        let answer = memory
            .call(requests::post(&uri, StreamBody::new(stream::iter(frames))))
            .await;
        is(&answer, 400, "Could not read request body: it broke off");
        let kind = answer.extensions().get();
        assert_eq!(kind, Some(&RejectionKind::BodyUnreadable), "{whole}");
    }
    is(&memory.post(&uri, ping(2)).await, 202, "Accepted");
    assert_eq!(events.echoed().await, ping(2));
}

#[tokio::test]
async fn a_body_of_the_default_limit_is_accepted_and_one_byte_more_is_refused() {
    let transport = SseServerTransport::new("/messages/", echo).unwrap();
    let memory = Server::of(&transport);
    let (uri, mut events) = memory.open().into_events();
    let mut text = ping(1);
    text += &" ".repeat(4 * 1024 * 1024 - text.len());
    is(&memory.post(&uri, text.clone()).await, 202, "Accepted");
    assert!(events.echoed().await == text);
    text.push(' ');
    is(
        &memory.post(&uri, text).await,
        413,
        "Request body too large",
    );
}

#[tokio::test]
async fn a_small_declared_length_does_not_lift_the_limit() {
    let memory = Server::of(&transport());
    let (uri, mut events) = memory.open().into_events();
    let chunks = stream::iter(vec![Ok::<_, Infallible>(Bytes::from(" ".repeat(1024))); 65]);
    let mut request = requests::post(
        &uri,
        StreamBody::new(chunks.map(|chunk| chunk.map(Frame::data))),
    );
    request.headers_mut().insert("content-length", 5.into());
    is(&memory.call(request).await, 413, "Request body too large");
    is(&memory.post(&uri, ping(1)).await, 202, "Accepted");
    assert_eq!(events.echoed().await, ping(1));
}

#[tokio::test]
async fn trailers_and_empty_frames_are_not_part_of_the_message() {
    let memory = Server::of(&transport());
    let (uri, mut events) = memory.open().into_events();
    let text = ping(1);
    let (first, second) = text.split_at(9);
    let data =
        |text: &str| Ok::<_, Infallible>(Frame::data(Bytes::copy_from_slice(text.as_bytes())));
    let trailers = Ok(Frame::trailers(HeaderMap::new()));
    let frames = [data(""), data(first), data(""), data(second), trailers];
    let answer = memory
        .call(requests::post(&uri, StreamBody::new(stream::iter(frames))))
        .await;
    is(&answer, 202, "Accepted");
    assert_eq!(events.echoed().await, text);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_ends_its_large_body_gets_an_answer() {
    let memory = Server::of(&transport());
    let (uri, _events) = memory.open().into_events();
    let endless =
        stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b' '; 999]))));
    is(
        &memory
            .call(requests::post(&uri, StreamBody::new(endless)))
            .await,
        413,
        "Request body too large",
    );

    let large = Frame::data(Bytes::from(vec![b' '; LIMIT + 1]));
    let stalled = stream::iter([Ok::<_, Infallible>(large)]).chain(stream::pending());
    is(
        &memory
            .call(requests::post(&uri, StreamBody::new(stalled)))
            .await,
        413,
        "Request body too large",
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_closes_while_a_body_is_read_is_not_found() {
    let memory = Server::of(&transport());
    let (uri, events) = memory.open().into_events();
    let (send, receive) = tokio::sync::oneshot::channel::<()>();
    let end = stream::once(async move {
        let _ = receive.await;
        Ok::<_, Infallible>(Frame::data(Bytes::from(ping(1))))
    });
    let mut service = memory.post.clone();
    let mut posting =
        task::spawn(service.call(requests::post(&uri, StreamBody::new(Box::pin(end)))));
    assert_pending!(posting.poll());
    drop(events);
    send.send(()).unwrap();
    let answer = assert_ready_ok!(posting.poll());
    assert_eq!(answer.status(), 404);
    assert_eq!(
        answer.extensions().get(),
        Some(&RejectionKind::SessionNotFound)
    );
}

#[tokio::test]
async fn a_body_of_one_frame_is_not_copied() {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let transport =
        SseServerTransport::new("/messages/", move |mut session: mcp_sse_server::Session| {
            let send = send.clone();
            async move {
                while let Some(incoming) = session.recv().await {
                    send.send(incoming.message.into_bytes().as_ptr() as usize)
                        .unwrap();
                }
            }
        });
    let memory = Server::of(&transport.unwrap());
    let (uri, mut events) = memory.open().into_events();
    let text = Bytes::from(ping(1));
    let at = text.as_ptr() as usize;
    // The handler waits for a message.
    let mut reading = task::spawn(events.next());
    assert_pending!(reading.poll());
    let answer = memory
        .post
        .clone()
        .oneshot(requests::post(&uri, Full::new(text)))
        .await
        .unwrap();
    assert_eq!(answer.status(), 202);
    assert_pending!(reading.poll());
    assert_eq!(receive.try_recv(), Ok(at));
}
