//! Refusals.

use http::{HeaderValue, Request};
use mcp_sse_server::{Handler, session::Principal};
use mcp_sse_testkit::{
    handlers::silent,
    messages::ping,
    polled::{Server, Stream},
    requests,
};
use tower::ServiceExt;
use tracing::Level;

use super::recorder::Recorder;

fn server() -> Server<impl Handler> {
    Server::with(silent, |transport| transport.keep_alive(None))
}

type Headers = &'static [(&'static str, &'static [u8])];

/// Sends the request to both services, and returns the record of each.
async fn refused(target: &str, headers: Headers) -> [String; 2] {
    let server = server();
    let recorder = Recorder::start();
    let mut request = Request::get(target).body(()).unwrap();
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(*name, value);
    }
    let (head, ()) = request.into_parts();
    let mut post = requests::post_text("/messages/", ping(1));
    *post.headers_mut() = head.headers.clone();
    let json = HeaderValue::from_static("application/json");
    post.headers_mut().insert("content-type", json);
    *post.uri_mut() = head.uri.clone();
    let status = server.ask(Request::from_parts(head, ())).status();
    let of_get = recorder.warning();
    assert_eq!(
        server.post.clone().oneshot(post).await.unwrap().status(),
        status
    );
    let of_post = recorder.warning();
    for (event, service) in [(&of_get, "service=sse;"), (&of_post, "service=post;")] {
        let reason = if status == 421 { "host" } else { "origin" };
        let reason = format!("reason={reason}_not_allowed;");
        assert!(
            event.contains(service) && event.contains(&reason),
            "{event}"
        );
    }
    [of_get, of_post]
}

const TWO_HUNDRED: &[u8] = &[b'x'; 200];
const LOCAL: (&str, &[u8]) = ("host", b"localhost");

/// A target, headers, and a part of the event's text.
#[rustfmt::skip]
const REFUSED: &[(&str, Headers, &str)] = &[
    ("/sse", &[("host", b"evil.example")], r#"TransportSecurity::allow_host("evil.example") allows it"#),
    ("/sse", &[("host", b"evil.example:8443")], r#"TransportSecurity::allow_host("evil.example:8443") allows it"#),
    ("/sse", &[("host", b"[2001:db8::1]")], r#"TransportSecurity::allow_host("[2001:db8::1]") allows it"#),
    ("http://evil.example/sse", &[], r#"TransportSecurity::allow_host("evil.example") allows it"#),
    ("http://evil.example/sse", &[("host", b"evil.example")], r#"TransportSecurity::allow_host("evil.example") allows it"#),
    ("/sse", &[("host", TWO_HUNDRED)], "xxxx\") allows it"),
    ("/sse", &[], "a request must name its host"),
    ("/sse", &[("host", b"")], "this is not a valid host"),
    ("/sse", &[("host", b"localhost:evil")], "this is not a valid host"),
    ("/sse", &[("host", b"evil\xff")], "this is not a valid host"),
    ("/sse", &[LOCAL, LOCAL], "a request must name one host"),
    ("http://localhost/sse", &[("host", b"evil.example")], "a request must name one host"),
    ("/sse", &[LOCAL, ("origin", b"https://evil.example")], r#"TransportSecurity::allow_origin("https://evil.example") allows it"#),
    ("/sse", &[LOCAL, ("origin", b"app://evil:1")], r#"TransportSecurity::allow_origin("app://evil:1") allows it"#),
    ("/sse", &[LOCAL, ("origin", b"null")], r#"TransportSecurity::allow_origin("null") allows it"#),
    ("/sse", &[LOCAL, ("origin", b"https://evil.example/")], "this is not a valid origin"),
    ("/sse", &[LOCAL, ("origin", b"")], "this is not a valid origin"),
    ("/sse", &[LOCAL, ("origin", b"null"), ("origin", b"null")], "a request must name one origin"),
    ("/sse", &[LOCAL, ("sec-fetch-site", b"cross-site")], "the browser reports a cross-site request"),
];

#[tokio::test]
async fn a_refusal_logs_the_value_and_the_call_that_would_allow_it() {
    for (target, headers, hint) in REFUSED {
        for event in refused(target, headers).await {
            assert!(event.contains(hint), "{target} {headers:?} {hint}: {event}");
            let allows = event.contains("TransportSecurity::");
            assert_eq!(allows, hint.ends_with("allows it"), "{event}");
            let (name, value) = headers.last().unwrap_or(&("host", b""));
            let value = value.escape_ascii().to_string();
            assert!(
                *name == "sec-fetch-site" || event.contains(&value),
                "{event}"
            );
        }
    }
}

#[tokio::test]
async fn a_user_and_a_password_before_a_host_are_not_logged() {
    let rows: [(&str, Headers); 3] = [
        ("/sse", &[("host", b"user:secret@localhost")]),
        ("http://user:secret@localhost/sse", &[]),
        (
            "/sse",
            &[LOCAL, ("origin", b"https://user:secret@localhost")],
        ),
    ];
    for (target, headers) in rows {
        for event in refused(target, headers).await {
            assert!(event.contains("..@localhost"), "{event}");
            assert!(
                !event.contains("user") && !event.contains("secret"),
                "{event}"
            );
        }
    }
}

#[tokio::test]
async fn values_of_a_client_are_logged_as_short_ascii() {
    let rows: [Headers; 4] = [
        &[("host", b"evil\t\x80\x9b2Jexample\"\\\xe2\x80\xae")],
        &[LOCAL, ("origin", b"https://evil\t\x9b\xff\xe2\x80\xa8")],
        &[("host", &[0xff; 5000])],
        &[LOCAL, ("origin", &[b'x'; 5000])],
    ];
    for headers in rows {
        for event in refused("/sse", headers).await {
            let plain = event.bytes().all(|byte| matches!(byte, b' '..=b'~'));
            assert!(plain, "{event:?}");
            assert!(event.len() < 3000, "{}: {event}", event.len());
        }
    }
}

#[tokio::test]
async fn no_event_contains_a_whole_session_id() {
    let recorder = Recorder::start();
    let server = server();
    let mut request = requests::get();
    request.extensions_mut().insert(Principal::new("client"));
    let mut stream = Stream::new(server.ask(request));
    let secret = stream.uri.rsplit('=').next().unwrap().to_owned();
    assert_eq!(stream.poll(), None);
    for (name, value) in [
        ("x", "y"),
        ("host", "evil.example"),
        ("origin", "https://evil.example"),
        ("content-length", "99999999"),
        ("content-type", "text/plain"),
    ] {
        for body in [&ping(1), "no message"] {
            for principal in [Some("client"), Some("other"), None] {
                let mut post = requests::post_text(&stream.uri, body);
                post.headers_mut()
                    .insert(name, HeaderValue::from_static(value));
                post.extensions_mut().extend(
                    principal
                        .map(|client| {
                            let mut extensions = http::Extensions::new();
                            extensions.insert(Principal::new(client));
                            extensions
                        })
                        .unwrap_or_default(),
                );
                server.post.clone().oneshot(post).await.unwrap();
            }
        }
    }
    let id = secret.parse().unwrap();
    assert!(server.sessions.close(&id));
    assert!(stream.poll().is_some());
    drop(stream);
    assert_eq!(
        server
            .post(&format!("/messages/?session_id={secret}"), "")
            .await
            .status(),
        404
    );
    let events = recorder.take();
    assert!(events.len() >= 12, "{events:?}");
    let with_hyphens = format!("{:?}", secret.parse::<uuid::Uuid>().unwrap());
    for told in events {
        let text = &told.text;
        assert!(
            !text.contains(&secret) && !text.contains(&with_hyphens),
            "{text}"
        );
    }
}

#[tokio::test]
async fn an_allowed_request_logs_no_warning() {
    let recorder = Recorder::start();
    let server = server();
    let stream = server.open();
    server.post_now(&stream.uri, ping(1));
    drop(stream);
    let warnings = recorder
        .take()
        .into_iter()
        .filter(|told| told.level == Level::WARN);
    assert_eq!(warnings.collect::<Vec<_>>(), []);
}
