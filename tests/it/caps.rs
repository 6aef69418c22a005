//! Caps on the number of open sessions, in total and for each principal.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
};

use http::{Request, Response};
use http_body_util::BodyExt;
use mcp_sse_server::{
    Handler, Session, SseServerTransport, response::RejectionKind, session::Principal, sse::SseBody,
};
use mcp_sse_testkit::{
    polled::{Server, Stream},
    requests,
};

/// Returns or panics when a message asks for it.
async fn obedient(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        match incoming.message.method() {
            Some("panic") => panic!("asked to panic"),
            Some("return") => return,
            _ => session.send(incoming.message).await.unwrap(),
        }
    }
}

fn server(
    options: impl FnOnce(
        SseServerTransport<fn(Session) -> Life>,
    ) -> SseServerTransport<fn(Session) -> Life>,
) -> Server<fn(Session) -> Life> {
    let handler: fn(Session) -> Life = |session| Box::pin(obedient(session));
    Server::with(handler, |transport| {
        options(transport.keep_alive(None).stall_timeout(None))
    })
}

type Life = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

fn of(principal: Option<&str>) -> Request<()> {
    let mut request = requests::get();
    if let Some(client) = principal {
        request.extensions_mut().insert(Principal::new(client));
    }
    request
}

fn open<H: Handler>(server: &Server<H>, principal: Option<&str>) -> Stream<H::Future> {
    Stream::new(server.ask(of(principal)))
}

fn call(method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#)
}

async fn assert_full<F: Future<Output: mcp_sse_server::handler::HandlerOutput>>(
    response: Response<SseBody<F>>,
    kind: RejectionKind,
) {
    assert_eq!(response.status(), 503);
    let headers: Vec<_> = response
        .headers()
        .keys()
        .map(|name| name.as_str())
        .collect();
    assert_eq!(headers, ["content-type", "retry-after"]);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(response.extensions().get(), Some(&kind));
    let text = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(text, "Too many sessions\n");
}

#[tokio::test]
async fn a_get_over_the_cap_is_refused_until_a_stream_is_gone_for_any_reason() {
    let server = server(|transport| transport.max_sessions(2));
    let kept = server.open();
    for end in ["drop", "return", "panic", "close"] {
        let mut stream = server.open();
        assert_full(server.get(), RejectionKind::TooManySessions).await;
        assert_eq!(server.sessions.len(), 2, "{end}");
        match end {
            "close" => {
                let id = stream.uri.rsplit('=').next().unwrap().parse().unwrap();
                assert!(server.sessions.close(&id));
                // The place is free when the stream is gone, not before.
                assert_full(server.get(), RejectionKind::TooManySessions).await;
                assert_eq!(stream.poll(), Some(None), "{end}");
            }
            "return" | "panic" => {
                assert_eq!(stream.poll(), None, "{end}");
                server.post_now(&stream.uri, call(end));
                assert_eq!(stream.poll(), Some(None), "{end}");
            }
            _ => drop(stream),
        }
        assert_eq!(server.sessions.len(), 1, "{end}");
        drop(server.open());
    }
    // A response whose body is not read counts, too.
    let response = server.get();
    assert_full(server.get(), RejectionKind::TooManySessions).await;
    drop(response);
    drop(server.open());
    drop(kept);
    assert!(server.sessions.is_empty());
}

#[tokio::test]
async fn without_configuration_the_number_of_sessions_is_bounded() {
    let server = server(|transport| transport);
    let mut streams: Vec<_> = (0..10_000).map(|_| server.get()).collect();
    assert_full(server.get(), RejectionKind::TooManySessions).await;
    streams.pop();
    streams.push(server.get());
    assert_full(server.get(), RejectionKind::TooManySessions).await;
}

#[tokio::test]
async fn a_cap_of_zero_refuses_every_session() {
    let server = server(|transport| transport.max_sessions(0));
    assert_full(server.get(), RejectionKind::TooManySessions).await;
    assert!(server.sessions.is_empty());
}

#[tokio::test]
async fn each_principal_has_its_own_cap_and_requests_without_a_principal_have_none() {
    let server = server(|transport| transport.max_sessions_per_principal(1));
    let without_principal: Vec<_> = (0..5).map(|_| open(&server, None)).collect();
    for end in ["drop", "return", "panic", "close"] {
        let mut alice = open(&server, Some("alice"));
        let bob = open(&server, Some("bob"));
        let full = RejectionKind::TooManySessionsOfPrincipal;
        assert_full(server.ask(of(Some("alice"))), full).await;
        assert_full(server.ask(of(Some("bob"))), full).await;
        assert_eq!(server.sessions.len(), 7, "{end}");
        match end {
            "close" => {
                let id = alice.uri.rsplit('=').next().unwrap().parse().unwrap();
                assert!(server.sessions.close(&id));
                assert!(!server.sessions.close(&id));
                assert_full(server.ask(of(Some("alice"))), full).await;
                assert_eq!(alice.poll(), Some(None), "{end}");
            }
            "return" | "panic" => {
                assert_eq!(alice.poll(), None, "{end}");
                let mut post = requests::post_text(&alice.uri, call(end));
                post.extensions_mut().insert(Principal::new("alice"));
                let posted = tower::ServiceExt::oneshot(server.post.clone(), post).await;
                assert_eq!(posted.unwrap().status(), 202);
                assert_eq!(alice.poll(), Some(None), "{end}");
            }
            _ => drop(alice),
        }
        let again = open(&server, Some("alice"));
        assert_full(server.ask(of(Some("alice"))), full).await;
        assert_full(server.ask(of(Some("bob"))), full).await;
        drop((again, bob));
        assert_eq!(server.sessions.len(), 5, "{end}");
    }
    drop(without_principal);
}

#[tokio::test]
async fn a_refused_get_does_not_count_towards_any_cap() {
    let server = server(|transport| transport.max_sessions(2).max_sessions_per_principal(2));
    let (one, two) = (open(&server, Some("alice")), open(&server, None));
    for _ in 0..10 {
        assert_full(
            server.ask(of(Some("alice"))),
            RejectionKind::TooManySessions,
        )
        .await;
        assert_full(server.ask(of(Some("bob"))), RejectionKind::TooManySessions).await;
    }
    drop((one, two));
    let streams = (open(&server, Some("alice")), open(&server, Some("alice")));
    assert_eq!(server.sessions.len(), 2);
    drop(streams);
}

/// Opens and drops sessions from many threads. The test itself counts the sessions that are open.
fn race(
    threads: usize,
    most: usize,
    server: &Server<fn(Session) -> Life>,
    principal: Option<&str>,
) {
    let (open, highest) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (admitted, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for thread in 0..threads {
            let (open, highest, admitted, refused) = (&open, &highest, &admitted, &refused);
            scope.spawn(move || {
                let mut held = Vec::new();
                for turn in 0..500 {
                    let response = server.ask(of(principal));
                    if response.status() == 200 {
                        highest.fetch_max(open.fetch_add(1, SeqCst) + 1, SeqCst);
                        admitted.fetch_add(1, SeqCst);
                        held.push(response);
                    } else {
                        refused.fetch_add(1, SeqCst);
                    }
                    if (turn + thread) % 3 != 0 {
                        for response in held.drain(..) {
                            open.fetch_sub(1, SeqCst);
                            drop(response);
                        }
                    }
                }
                open.fetch_sub(held.len(), SeqCst);
            });
        }
    });
    assert_eq!(admitted.into_inner() + refused.into_inner(), threads * 500);
    let highest = highest.into_inner();
    assert!(
        (1..=most).contains(&highest),
        "{highest} open at a time, of {most}"
    );
}

#[test]
fn concurrent_gets_never_exceed_the_cap() {
    let server = server(|transport| transport.max_sessions(3));
    race(16, 3, &server, None);
    assert!(server.sessions.is_empty());
    let streams: Vec<_> = (0..3).map(|_| server.open()).collect();
    assert_eq!(
        server.get().status(),
        503,
        "exactly three sessions can be opened again"
    );
    drop(streams);
}

#[test]
fn concurrent_gets_of_a_principal_never_exceed_its_cap() {
    let server = server(|transport| transport.max_sessions_per_principal(3));
    thread::scope(|scope| {
        for principal in ["alice", "bob"] {
            let server = &server;
            scope.spawn(move || race(8, 3, server, Some(principal)));
        }
    });
    assert!(server.sessions.is_empty());
    for principal in ["alice", "bob"] {
        let streams: Vec<_> = (0..3).map(|_| open(&server, Some(principal))).collect();
        assert_eq!(server.ask(of(Some(principal))).status(), 503, "{principal}");
        drop(streams);
    }
}
