//! What waits in a queue holds about as much memory as it weighs, however large the buffer is that it
//! arrived in.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderName, HeaderValue, Request, Uri};
use http_body_util::Full;
use mcp_sse_server::{
    Session,
    session::{Principal, QueueDepth},
};
use mcp_sse_testkit::{
    handlers::silent,
    messages,
    polled::{self, Server},
};

use crate::counted::{count, in_runtime};

/// As large as the largest read buffer of hyper's connections.
const BUFFER: usize = 400 * 1024;
/// How many bytes a queue may hold for each byte that it counts.
const MOST: f64 = 1.5;

/// A `POST` whose URI, header values and body are slices of one large buffer, as hyper makes them.
fn post(target: &str, headers: &[(String, String)], body: &[u8]) -> Request<Full<Bytes>> {
    let mut buffer = BytesMut::with_capacity(BUFFER);
    let mut slice = |text: &[u8]| {
        buffer.extend_from_slice(text);
        buffer.split().freeze()
    };
    let mut request = Request::new(Full::new(slice(body)));
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = Uri::from_maybe_shared(slice(target.as_bytes())).unwrap();
    let standard = [("host", "localhost"), ("content-type", "application/json")];
    let standard = standard.map(|(name, value)| (name.to_owned(), value.to_owned()));
    for (name, value) in standard.iter().chain(headers) {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        let value = HeaderValue::from_maybe_shared(slice(value.as_bytes())).unwrap();
        request.headers_mut().append(name, value);
    }
    request
}

fn assert_weighed(what: &str, held: i64, queue: QueueDepth, messages: usize) {
    let weighed = queue.bytes as f64;
    assert_eq!(queue.messages, messages, "{what}");
    assert!(
        held as f64 <= weighed * MOST,
        "{what}: {held} bytes are held, {weighed} are counted"
    );
}

#[test]
fn an_inbox_holds_no_more_memory_than_it_counts() {
    let headers = |count: usize, name: &dyn Fn(usize) -> String, len: usize| {
        let header = |n| (name(n), "v".repeat(len));
        (0..count).map(header).collect::<Vec<_>>()
    };
    let none = Vec::new();
    let cases = [
        ("small", String::new(), none.clone(), 64),
        (
            "a long URI",
            "&x=".to_owned() + &"y".repeat(60_000),
            none.clone(),
            64,
        ),
        (
            "a large header",
            String::new(),
            headers(1, &|_| "x-a".into(), 60_000),
            64,
        ),
        (
            "many names",
            String::new(),
            headers(90, &|n| format!("x-{n}"), 1),
            64,
        ),
        (
            "many values",
            String::new(),
            headers(90, &|_| "x-a".into(), 1),
            64,
        ),
        ("a large message", String::new(), none, 60_000),
    ];
    in_runtime(|| {
        for (what, query, headers, len) in cases {
            let server = Server::with(silent, |transport| transport.queue_bytes(16 * 1024 * 1024));
            let stream = server.stream();
            let (uri, text) = (stream.uri.clone() + &query, messages::with_len(len));
            let (counted, ()) = count(|| {
                for _ in 0..32 {
                    let mut request = post(&uri, &headers, &text);
                    // Not a clone: the text of a principal is its own.
                    request.extensions_mut().insert(Stranger([0; 32]));
                    assert_eq!(server.call_now(request).status(), 202);
                }
            });
            let inbox = server.sessions.list()[0].inbox;
            assert_weighed(what, counted.held, inbox, 32);
        }
    });
}

/// An extension of middleware.
#[derive(Clone)]
struct Stranger(#[allow(dead_code, reason = "it takes room")] [u8; 32]);

#[test]
fn a_principal_counts_towards_the_bytes_of_an_inbox() {
    let principal = Principal::new("client").with_subject("s".repeat(10_000));
    in_runtime(|| {
        let server = Server::new(silent);
        let mut get = mcp_sse_testkit::requests::python_get();
        get.extensions_mut().insert(principal.clone());
        let (_body, endpoint) = server.begin(get);
        let text = std::str::from_utf8(&endpoint).unwrap();
        let uri = text.lines().nth(1).unwrap().trim_start_matches("data: ");
        let mut request = post(uri, &[], &messages::with_len(64));
        request.extensions_mut().insert(principal);
        assert_eq!(server.call_now(request).status(), 202);
        assert!(server.sessions.list()[0].inbox.bytes > 10_000);
    });
}

/// A message that the handler takes out of the inbox at once is a slice of the read buffer when it is sent
/// back. In the outbox, it is not any more.
#[test]
fn an_outbox_holds_no_more_memory_than_it_counts() {
    in_runtime(|| {
        let slot = Arc::new(Mutex::new(None));
        let own = Arc::clone(&slot);
        let server = Server::new(move |session: Session| {
            *own.lock().unwrap() = Some(session);
            std::future::pending::<()>()
        });
        let stream = server.stream();
        let session: Session = slot.lock().unwrap().take().unwrap();
        let (sender, mut receiver) = session.split();
        let mut echo = || {
            let mut recv = pin!(receiver.recv());
            assert!(polled::poll(recv.as_mut()).is_pending());
            let request = post(&stream.uri, &[], &messages::with_len(64));
            assert_eq!(server.call_now(request).status(), 202);
            let message = polled::now(recv).unwrap().message;
            sender.try_send(message).unwrap();
        };
        // The next frame takes this message, so it stays a slice.
        let (first, ()) = count(&mut echo);
        assert!(first.held > BUFFER as i64, "{first}");
        let (rest, ()) = count(|| (1..32).for_each(|_| echo()));
        let outbox = server.sessions.list()[0].outbox;
        assert_weighed("echoes", rest.held, outbox, 32);
    });
}

/// The session keeps the head of its `GET`.
#[test]
fn a_session_does_not_keep_the_buffer_of_its_get() {
    in_runtime(|| {
        let server = Server::new(|session: Session| silent(session));
        let (counted, _body) = count(|| {
            let headers = [("x-a".to_owned(), "v".repeat(30_000))];
            let (mut parts, _) = post("/sse", &headers, b"").into_parts();
            parts.method = http::Method::GET;
            server.begin(Request::from_parts(parts, ()))
        });
        assert!(counted.held < 40_000, "{counted}");
    });
}
