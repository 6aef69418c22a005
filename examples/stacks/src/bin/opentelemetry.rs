//! An MCP server whose traces go on where its clients' began, for OpenTelemetry.
//!
//! ```sh
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin opentelemetry
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin opentelemetry -- 127.0.0.1:9000
//! ```
//!
//! Then, in another terminal, with the path that the first prints:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl -H 'content-type: application/json' \
//!     -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' \
//!     -d '{"jsonrpc":"2.0","id":1,"method":"ping"}' "http://127.0.0.1:8000$SESSION_PATH"
//! ```
//!
//! Each span is printed when it ends. A real server sends them to a collector, with
//! `opentelemetry-otlp` in the place of `opentelemetry-stdout`, and in batches.
//!
//! Ctrl-C ends the open streams, and with them their spans, and stops.

use std::error::Error;

use axum::{Router, body::Body};
use http::{HeaderMap, Request};
use mcp_sse_server::{Incoming, Message, Session, SessionRegistry, SseServerTransport};
use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use tokio::{net::TcpListener, signal};
use tower_http::trace::TraceLayer;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// Where a request comes from, if it says so.
fn caller(headers: &HeaderMap) -> Option<Context> {
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    let is_valid = caller.span().span_context().is_valid();
    is_valid.then_some(caller)
}

/// Of a whole request: a `POST`'s own span is its child.
fn span_of_request(request: &Request<Body>) -> Span {
    // The path alone: the query of a POST holds the session's id, which is a secret.
    let span = info_span!("request", method = %request.method(), path = request.uri().path());
    continue_trace(&span, request.headers());
    span
}

/// Of the work on one message: in its sender's trace, with a link to the session that it is done in.
fn span_of_message(incoming: &Incoming) -> Span {
    let span = info_span!("message", method = incoming.message.method());
    continue_trace(&span, &incoming.parts.headers);
    // The handler runs in its session's span.
    span.follows_from(Span::current());
    span
}

/// Without a caller, a span stays where it was made.
fn continue_trace(span: &Span, headers: &HeaderMap) {
    if let Some(caller) = caller(headers) {
        // It cannot fail before the span is entered.
        let _ = span.set_parent(caller);
    }
}

/// Answers every request with an empty result.
async fn handle(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let span = span_of_message(&incoming);
        let Some(id) = incoming.message.id() else {
            continue;
        };
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        let answer = Message::parse(answer).expect("an answer is a message");
        // All the work on a message belongs into its span; here there is no other.
        if session.send(answer).instrument(span).await.is_err() {
            break;
        }
    }
}

pub(crate) fn install(provider: &SdkTracerProvider) {
    let tracer = provider.tracer("mcp-server");
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(tracing_opentelemetry::layer().with_tracer(tracer))
        .init();
}

pub(crate) fn app() -> Result<(Router, SessionRegistry), Box<dyn Error>> {
    let transport = SseServerTransport::new("/messages/", handle)?;
    let (sse, post) = transport.services();
    let app = Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post)
        .layer(TraceLayer::new_for_http().make_span_with(span_of_request));
    Ok((app, transport.sessions()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "127.0.0.1:8000".to_owned());
    let exporter = opentelemetry_stdout::SpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter)
        .build();
    install(&provider);
    let (app, sessions) = app()?;

    let listener = TcpListener::bind(&address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    let url = format!("http://{}/sse", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {url}");
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            let _ = signal::ctrl_c().await;
            // Open streams would hold the graceful shutdown up for ever.
            sessions.shutdown().await;
        })
        .await?;
    // What a real exporter still holds goes out.
    provider.shutdown()?;
    Ok(())
}
