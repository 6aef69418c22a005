//! A session belongs to the principal that opened it. For any other principal it does not exist.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Request, Response, StatusCode, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use mcp_sse_server::{
    Handler, Session, post::PostBody, response::RejectionKind, session::Principal,
};
use mcp_sse_testkit::{
    handlers::send_back,
    messages::{event, ping},
    polled::{Server, Stream},
    requests,
};
use tower::ServiceExt;

/// A body that is over when it is read.
struct Unread;

impl Body for Unread {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(46)
    }
}

fn open<H: Handler>(server: &Server<H>, extensions: Extensions) -> Stream<H::Future> {
    let mut request = requests::get();
    *request.extensions_mut() = extensions;
    Stream::new(server.ask(request))
}

/// All parts of a response that a client sees.
type Whole = (StatusCode, Version, HeaderMap, Bytes, Option<RejectionKind>);

async fn whole(response: Response<PostBody>) -> Whole {
    let (parts, body) = response.into_parts();
    assert_eq!(parts.extensions.len(), 1);
    let kind = parts.extensions.get().copied();
    let body = body.collect().await.unwrap();
    assert_eq!(body.trailers(), None);
    let body = body.to_bytes();
    (parts.status, parts.version, parts.headers, body, kind)
}

/// The answer to a POST whose body must not be read.
async fn refused<H>(server: &Server<H>, uri: &str, extensions: Extensions) -> Whole {
    let (mut parts, _) = requests::post_text(uri, "").into_parts();
    parts.extensions = extensions;
    let request = Request::from_parts(parts, Unread);
    whole(server.post.clone().oneshot(request).await.unwrap()).await
}

/// The URI of a session that does not exist.
fn unknown(uri: &str) -> String {
    let (path, id) = uri.split_once('=').unwrap();
    let last = if id.ends_with('0') { '1' } else { '0' };
    format!("{path}={}{last}", &id[..id.len() - 1])
}

fn with<T: Clone + Send + Sync + 'static>(value: Option<T>) -> Extensions {
    let mut extensions = Extensions::new();
    if let Some(value) = value {
        extensions.insert(value);
    }
    extensions
}

/// Principals that differ in one part, or have the same text split differently into parts.
fn principals() -> Vec<Option<Principal>> {
    let new = |client: &str| Principal::new(client);
    vec![
        None,
        Some(new("client")),
        Some(new("other")),
        Some(new("CLIENT")),
        Some(new("client ")),
        Some(new("")),
        Some(new("client").with_issuer("")),
        Some(new("client").with_subject("")),
        Some(new("client").with_issuer("issuer")),
        Some(new("client").with_subject("issuer")),
        Some(new("client").with_subject("alice")),
        Some(new("client").with_issuer("issuer").with_subject("alice")),
        Some(new("other").with_issuer("issuer").with_subject("alice")),
        Some(new("client").with_issuer("other").with_subject("alice")),
        Some(new("client").with_issuer("issuer").with_subject("bob")),
        Some(new("client").with_issuer("alice").with_subject("issuer")),
        Some(new("issuer").with_issuer("client").with_subject("alice")),
        Some(new("clientissuer").with_subject("alice")),
    ]
}

#[tokio::test]
async fn a_session_of_another_principal_is_answered_like_an_unknown_session() {
    let server = Server::with(send_back, |transport| {
        transport.keep_alive(None).stall_timeout(None)
    });
    let principals = principals();
    for (owner_at, owner) in principals.iter().enumerate() {
        let mut stream = open(&server, with(owner.clone()));
        assert_eq!(stream.poll(), None);
        for (at, asker) in principals.iter().enumerate() {
            let name = format!("{asker:?} posts to the session of {owner:?}");
            if at == owner_at {
                let mut request = requests::post_text(&stream.uri, ping(1));
                *request.extensions_mut() = with(asker.clone());
                let response = server.post.clone().oneshot(request).await.unwrap();
                assert_eq!(response.status(), 202, "{name}");
                assert_eq!(stream.poll(), Some(Some(event(&ping(1)))), "{name}");
                continue;
            }
            let theirs = refused(&server, &stream.uri, with(asker.clone())).await;
            let unknown_answer = refused(&server, &unknown(&stream.uri), with(asker.clone())).await;
            assert_eq!(theirs, unknown_answer, "{name}");
            assert_eq!(theirs.0, 404, "{name}");
            assert_eq!(theirs.3, "Could not find session", "{name}");
            assert_eq!(theirs.4, Some(RejectionKind::SessionNotFound), "{name}");
            let headers: Vec<_> = theirs.2.keys().map(|name| name.as_str()).collect();
            assert_eq!(headers, ["content-type"], "{name}");
            assert!(!stream.is_woken(), "{name}");
            assert_eq!(stream.poll(), None, "{name}");
        }
    }
}

#[tokio::test]
async fn a_closed_session_gets_the_same_answer_for_its_owner_and_for_others() {
    let server = Server::with(send_back, |transport| {
        transport.keep_alive(None).stall_timeout(None)
    });
    let owner = Some(Principal::new("client"));
    let stream = open(&server, with(owner.clone()));
    let uri = stream.uri.clone();
    drop(stream);
    let to_owner = refused(&server, &uri, with(owner.clone())).await;
    assert_eq!(
        to_owner,
        refused(&server, &uri, with::<Principal>(None)).await
    );
    assert_eq!(
        to_owner,
        refused(&server, &unknown(&uri), with(owner)).await
    );
}

/// The user type of an application's own authentication.
#[derive(Clone)]
struct User(&'static str);

#[tokio::test]
async fn a_function_can_find_the_principal_in_another_type() {
    let server = Server::with(send_back, |transport| {
        transport
            .keep_alive(None)
            .stall_timeout(None)
            .principal(|extensions| {
                let User(name) = extensions.get()?;
                Some(Principal::new("web").with_subject(*name))
            })
    });
    let mut stream = open(&server, with(Some(User("alice"))));
    let mut own = requests::post_text(&stream.uri, ping(1));
    own.extensions_mut().insert(User("alice"));
    assert_eq!(
        server.post.clone().oneshot(own).await.unwrap().status(),
        202
    );
    assert_eq!(stream.poll(), Some(Some(event(&ping(1)))));

    let itself = Principal::new("web").with_subject("alice");
    for stranger in [
        with(Some(User("bob"))),
        with::<User>(None),
        with(Some(itself.clone())),
    ] {
        let unknown_answer = refused(&server, &unknown(&stream.uri), stranger.clone()).await;
        assert_eq!(
            refused(&server, &stream.uri, stranger).await,
            unknown_answer
        );
    }
    // A session without a principal is not found by a request for which the function finds one.
    let stream = open(&server, with(Some(itself)));
    assert_eq!(
        refused(&server, &stream.uri, with(Some(User("alice"))))
            .await
            .0,
        404
    );
    assert_eq!(server.post(&stream.uri, &ping(2)).await.status(), 202);
}

#[tokio::test]
async fn the_handler_sees_the_principal_of_its_session() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let handler = move |session: Session| {
        let sender = session.sender().clone();
        assert_eq!(session.principal(), sender.principal());
        noted.lock().unwrap().push(session.principal().cloned());
        std::future::pending::<()>()
    };
    let server = Server::with(handler, |transport| {
        transport.keep_alive(None).stall_timeout(None)
    });
    let principals = principals();
    for principal in &principals {
        drop(open(&server, with(principal.clone())));
    }
    assert_eq!(*seen.lock().unwrap(), principals);
    let last = seen.lock().unwrap()[13].clone().unwrap();
    let parts = (last.client_id(), last.issuer(), last.subject());
    assert_eq!(parts, ("client", Some("other"), Some("alice")));
}

#[test]
fn principals_are_equal_if_all_three_parts_are_equal() {
    let all = principals();
    for (at, one) in all.iter().enumerate() {
        for (other_at, other) in principals().iter().enumerate() {
            assert_eq!(one == other, at == other_at, "{one:?} {other:?}");
        }
    }
}
