//! An MCP server that continues the traces of its clients, with OpenTelemetry.
//!
//! ```sh
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin opentelemetry
//! cargo run --manifest-path examples/stacks/Cargo.toml --bin opentelemetry -- 127.0.0.1:9000
//! ```
//!
//! Then, in another terminal. `SESSION_PATH` is the path that the first command prints:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl -H 'content-type: application/json' \
//!     -H 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' \
//!     -d '{"jsonrpc":"2.0","id":1,"method":"ping"}' "http://127.0.0.1:8000$SESSION_PATH"
//! ```
//!
//! The server prints each span when it ends. A real server sends spans to a collector in batches, with
//! `opentelemetry-otlp` instead of `opentelemetry-stdout`.
//!
//! Ctrl-C ends the open streams and their spans, and stops the server.

use std::{error::Error, future::IntoFuture, time::Duration};

use axum::{Router, body::Body, serve::ListenerExt};
use http::{HeaderMap, Request};
use mcp_sse_server::{
    Incoming, Message, Session, SessionRegistry, SseServerTransport, session::SendError,
};
use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{TraceContextExt, TracerProvider},
};
use opentelemetry_http::HeaderExtractor;
use opentelemetry_sdk::{propagation::TraceContextPropagator, trace::SdkTracerProvider};
use serde_json::json;
use tokio::{net::TcpListener, signal, sync::oneshot, time::timeout};
use tower_http::trace::TraceLayer;
use tracing::{Instrument, Span, info_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{filter::LevelFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// The client's trace, if the request has one.
fn caller(headers: &HeaderMap) -> Option<Context> {
    let caller = TraceContextPropagator::new().extract(&HeaderExtractor(headers));
    let is_valid = caller.span().span_context().is_valid();
    is_valid.then_some(caller)
}

/// The span of a whole request. The `POST`'s own span is its child.
fn span_of_request(request: &Request<Body>) -> Span {
    // Only the path: the query of a POST contains the session's id, which is a secret.
    let span = info_span!("request", method = %request.method(), path = request.uri().path());
    continue_trace(&span, request.headers());
    span
}

/// The span of the work on one message: in the client's trace, with a link to the session.
fn span_of_message(incoming: &Incoming) -> Span {
    let span = info_span!("message", method = incoming.message.method());
    continue_trace(&span, &incoming.parts.headers);
    // The handler runs in its session's span.
    span.follows_from(Span::current());
    span
}

/// Without a caller's trace, the span keeps its parent.
fn continue_trace(span: &Span, headers: &HeaderMap) {
    if let Some(caller) = caller(headers) {
        // This fails only after the span was entered.
        let _ = span.set_parent(caller);
    }
}

/// Answers every request with an empty result.
async fn handle(mut session: Session) -> Result<(), SendError> {
    while let Some(incoming) = session.recv().await {
        let span = span_of_message(&incoming);
        let Some(request) = incoming.message.as_request() else {
            continue;
        };
        let answer = request.response(&json!({})).unwrap_or_else(Message::from);
        // Run all work on a message in its span. Here, there is no other work.
        session.send(answer).instrument(span).await?;
    }
    Ok(())
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
    // Accepted connections inherit it: a client whose machine vanishes is gone after this time.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_tcp_user_timeout(Some(Duration::from_secs(60)))?;
    // Otherwise an event may wait 40 ms for the acknowledgement of the one before.
    let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
    let (stop, stopped) = oneshot::channel::<()>();
    let served = axum::serve(listener, app).with_graceful_shutdown(async { drop(stopped.await) });
    let server = tokio::spawn(served.into_future());
    // If the signal handler cannot be installed, the server stops at once.
    let _ = signal::ctrl_c().await;
    // The graceful shutdown would wait for open streams without end.
    sessions.shutdown().await;
    drop(stop);
    // It would also wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    // Flushes the spans that an exporter still holds.
    provider.shutdown()?;
    Ok(())
}
