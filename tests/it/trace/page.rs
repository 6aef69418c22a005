//! The page on observability names the spans and events that a subscriber gets, with their fields.

use http::HeaderValue;
use mcp_sse_server::{Message, session::Principal};
use mcp_sse_testkit::{
    handlers::send_back,
    messages::ping,
    polled::{Server, Stream},
    requests,
};
use tower::ServiceExt;
use tracing::Level;

use super::recorder::{Recorder, Told};

const PAGE: &str = include_str!("../../../src/guide/observability.md");

/// The texts between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// One session with a message, a broadcast and a refusal, from its opening to its close.
async fn told() -> Vec<Told> {
    let recorder = Recorder::start();
    let server = Server::with(send_back, |transport| transport.keep_alive(None));
    let principal = Principal::new("acme");
    let mut get = requests::get();
    let headers = get.headers_mut();
    headers.insert("user-agent", HeaderValue::from_static("client/1"));
    headers.insert(
        "mcp-protocol-version",
        HeaderValue::from_static("2025-06-18"),
    );
    get.extensions_mut().insert(principal.clone());
    let mut stream = Stream::new(server.ask(get));
    let mut post = requests::post_text(&stream.uri, ping(1));
    post.extensions_mut().insert(principal);
    let answer = server.post.clone().oneshot(post).await.unwrap();
    assert_eq!(answer.status(), 202);
    assert!(stream.poll().is_some());
    let note = Message::notification("notifications/message", &()).unwrap();
    server.sessions.broadcast(&note);
    assert!(stream.poll().is_some());
    assert_eq!(server.post("/messages/", ping(2)).await.status(), 400);
    drop(stream);
    recorder.take()
}

#[tokio::test]
async fn each_event_that_the_page_names_has_its_level_and_its_fields() {
    let told = told().await;
    let mut named = 0;
    for level in [Level::INFO, Level::DEBUG] {
        let row = format!("| `{}` | ", level.as_str().to_lowercase());
        let (_, events) = PAGE.split_once(&row).unwrap();
        let (events, _) = events.split_once('\n').unwrap();
        for event in events.split(';') {
            let mut words = quoted(event);
            // Other events are described. The tests of their own compare them.
            let Some(message) = words.next().filter(|word| word.contains(' ')) else {
                continue;
            };
            let is = |told: &&Told| told.text.contains(&format!("message={message};"));
            let event = told.iter().find(is);
            let event = event.unwrap_or_else(|| panic!("{message} in {told:#?}"));
            assert_eq!((event.level, event.target), (level, "mcp_sse_server"));
            for field in words {
                let field = format!("{field}=");
                assert!(event.text.contains(&field), "{field} in {}", event.text);
            }
            named += 1;
        }
    }
    assert!(named >= 5, "the page names {named} events");
}

#[tokio::test]
async fn each_span_has_the_fields_that_the_page_names() {
    let told = told().await;
    let (_, of_session) = PAGE.split_once("| field | what it is |").unwrap();
    let (of_session, rest) = of_session.split_once("\n\n").unwrap();
    let of_session = of_session.lines().filter(|row| row.starts_with("| `"));
    let of_session = of_session.flat_map(|row| quoted(row.split(" | ").next().unwrap()));
    let (_, of_post) = rest.split_once("Its fields are ").unwrap();
    let of_post = quoted(of_post.split(':').next().unwrap());
    for (span, fields) in [
        ("mcp_sse_session", of_session.collect::<Vec<_>>()),
        ("mcp_sse_post", of_post.collect()),
    ] {
        assert!(PAGE.contains(&format!("`{span}`")));
        let of_span = told.iter().filter(|told| told.spans.first() == Some(&span));
        let own = of_span.filter(|told| !told.text.contains("message="));
        let mut found: Vec<_> = own
            .flat_map(|told| told.text.split_terminator(';'))
            .filter_map(|field| Some(field.split_once('=')?.0))
            .filter(|name| *name != "follows")
            .collect();
        found.sort_unstable();
        found.dedup();
        let mut fields = fields;
        fields.sort_unstable();
        assert_eq!(found, fields, "{span}");
    }
    let ours = |told: &&Told| {
        told.spans
            .first()
            .is_some_and(|name| name.starts_with("mcp_sse"))
    };
    let targets = told.iter().filter(ours).map(|told| told.target);
    assert!(targets.into_iter().all(|target| target == "mcp_sse_server"));
}
