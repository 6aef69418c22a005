//! The spans that the `opentelemetry` server exports: their parents and their links.
//!
//! This test has its own process, because the exporter is global.

#[allow(dead_code, reason = "its `main` is for the server")]
#[path = "../../src/bin/opentelemetry.rs"]
mod server;

use http::Request;
use mcp_sse_testkit::{
    client::{Body, Client},
    messages::ping,
    within,
};
use opentelemetry::{
    Key, SpanId, TraceId,
    trace::{SpanContext, Status},
};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tokio::net::TcpListener;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

fn attribute(span: &SpanData, name: &'static str) -> Option<String> {
    let mut found = span
        .attributes
        .iter()
        .filter(|pair| pair.key == Key::new(name));
    found.next().map(|pair| pair.value.to_string())
}

fn one<'a>(spans: &'a [SpanData], name: &str, of: &str) -> &'a SpanData {
    let is_it = |span: &&SpanData| {
        let method = attribute(span, "method");
        span.name == name && (of.is_empty() || method.as_deref() == Some(of))
    };
    let found: Vec<_> = spans.iter().filter(is_it).collect();
    assert_eq!(found.len(), 1, "{name} {of} in {spans:#?}");
    found[0]
}

fn links(span: &SpanData) -> Vec<&SpanContext> {
    span.links.iter().map(|link| &link.span_context).collect()
}

fn assert_child(child: &SpanData, parent: &SpanData) {
    assert_eq!(
        child.parent_span_id,
        parent.span_context.span_id(),
        "{child:#?}"
    );
    assert_eq!(
        child.span_context.trace_id(),
        parent.span_context.trace_id()
    );
}

#[tokio::test]
async fn a_post_goes_on_in_its_callers_trace_and_is_linked_to_its_session() {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    server::install(&provider);
    let (app, sessions) = server::app().unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await });

    let mut client = Client::http1(&address).await;
    let mut poster = client.another(&address).await;
    let (uri, mut events) = client.open(&address, "/sse").await;
    let session = uri.rsplit('=').next().unwrap().to_owned();
    // One message in a trace, and one without a trace.
    let post = Request::post(&*uri)
        .header("content-type", "application/json")
        .header("traceparent", format!("00-{TRACE}-{CALLER}-01"))
        .body(Body::from(ping(1)))
        .unwrap();
    assert_eq!(poster.send(&address, post).await.status(), 202);
    assert!(events.next().await.unwrap().data.contains(r#""id":1"#));
    let other = r#"{"jsonrpc":"2.0","id":2,"method":"other"}"#;
    assert_eq!(poster.post(&address, &uri, other).await.0, 202);
    assert!(events.next().await.unwrap().data.contains(r#""id":2"#));

    let id = session.parse().unwrap();
    let sender = sessions.get(&id).unwrap();
    drop((client, events));
    within("the session's end", sender.closed()).await;
    drop(sender);
    // A span is exported when all of its handles are dropped.
    let spans = loop {
        let spans = exporter.get_finished_spans().unwrap();
        let ended = spans.iter().any(|span| span.name == "mcp_sse_session");
        let requests = spans.iter().filter(|span| span.name == "request");
        if ended && requests.count() == 3 {
            break spans;
        }
        tokio::task::yield_now().await;
    };

    let (trace, caller) = (
        TraceId::from_hex(TRACE).unwrap(),
        SpanId::from_hex(CALLER).unwrap(),
    );
    let the_session = one(&spans, "mcp_sse_session", "");
    let get = one(&spans, "request", "GET");
    assert_child(the_session, get);
    assert_ne!(get.span_context.trace_id(), trace);
    let short = attribute(the_session, "session").unwrap();
    assert_eq!(short, session[..8]);
    let told: Vec<_> = the_session
        .events
        .iter()
        .map(|event| &*event.name)
        .collect();
    assert_eq!(told, ["session opened", "session closed"]);

    for (method, is_in_trace) in [("ping", true), ("other", false)] {
        let post = one(&spans, "mcp_sse_post", method);
        let is_request = |span: &&SpanData| span.span_context.span_id() == post.parent_span_id;
        let request = spans.iter().find(is_request).expect("the whole request");
        assert_child(post, request);
        assert_eq!(request.name, "request");
        assert_eq!(links(post), [&the_session.span_context], "{method}");
        assert_eq!(attribute(post, "session"), Some(short.clone()));
        assert_eq!(attribute(post, "outcome").as_deref(), Some("accepted"));

        let work = one(&spans, "message", method);
        assert_eq!(links(work), [&the_session.span_context], "{method}");
        if is_in_trace {
            for span in [request, work] {
                assert_eq!(span.span_context.trace_id(), trace);
                assert_eq!(span.parent_span_id, caller);
            }
        } else {
            assert_eq!(request.parent_span_id, SpanId::INVALID);
            assert_child(work, the_session);
        }
    }
    for span in &spans {
        assert_eq!(span.status, Status::Unset);
        assert!(!format!("{span:?}").contains(&session), "{span:#?}");
    }
}
