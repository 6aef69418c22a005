//! The MCP server of the other examples, seen at work: a page for Prometheus, and logs that say what
//! happens.
//!
//! ```sh
//! cargo run --example observe --features metrics,tracing                      # http://127.0.0.1:8000/sse
//! cargo run --example observe --features metrics,tracing -- 127.0.0.1:9000    # another address
//! ```
//!
//! Then, in another terminal, a session, a refusal, and what is told of them:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl -H 'Host: mcp.example.com' http://127.0.0.1:8000/sse
//! curl http://127.0.0.1:8000/metrics
//! ```
//!
//! The logs go to standard error. `RUST_LOG=mcp_sse_server=debug` tells of each message, too.
//! `observe.json`, beside this file, is a dashboard for Grafana, and `observe.rules.yml` has alerts for
//! Prometheus.
//!
//! Ctrl-C ends the open streams and stops.

use std::{error::Error, io, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, header::CONTENT_TYPE},
    routing::get,
};
use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::demo;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, signal, time};
use tower_http::trace::TraceLayer;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// What the messages wait, and how long a `POST` takes, in seconds.
const WAITS: [f64; 10] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// How long sessions last, in seconds: from one to a day.
const SESSIONS: [f64; 8] = [1.0, 10.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0];

/// Keeps the metrics, and gives them out as text.
fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let durations = Matcher::Suffix("_seconds".to_owned());
    let sessions = Matcher::Full("mcp_sse_session_duration_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(durations, &WAITS)?
        .set_buckets_for_metric(sessions, &SESSIONS)?
        .install_recorder()?;
    // Without it, what a histogram is told takes memory until somebody asks for the page.
    let upkeep = handle.clone();
    tokio::spawn(async move {
        let mut every = time::interval(Duration::from_secs(5));
        loop {
            every.tick().await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

fn install_logs() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    tracing_subscriber::fmt()
        .compact()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .init();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1);
    run(address.as_deref().unwrap_or("127.0.0.1:8000")).await
}

/// Until Ctrl-C.
pub(crate) async fn run(address: &str) -> Result<(), Box<dyn Error>> {
    install_logs();
    // Before the transport is made: it asks for its metrics then, and never again.
    let metrics = install_metrics()?;

    let transport = SseServerTransport::new("/messages/", demo::serve)?.max_sessions(1_000);
    let (sse, post) = transport.services();
    let sessions = transport.sessions();

    // The path alone: the query of a POST holds the session's id, which is a secret.
    let trace = TraceLayer::new_for_http().make_span_with(|request: &Request<Body>| {
        tracing::info_span!("request", method = %request.method(), path = request.uri().path())
    });
    let page = get(async move || {
        let format = [(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")];
        (format, metrics.render())
    });
    let app = Router::new()
        .route_service("/sse", sse)
        .route_service("/messages/", post.clone())
        .route_service("/messages", post)
        .layer(trace)
        // Anybody who reaches the server can read it. It names nobody; where even its numbers are
        // nobody's business, serve it on an address of its own.
        .route("/metrics", page);

    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    let base = format!("http://{}", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {base}/sse, metrics at {base}/metrics");
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            // No signal handler, no graceful end: then the server stops at once.
            let _ = signal::ctrl_c().await;
            tracing::info!(sessions = sessions.len(), "stopping");
            let cut = sessions.shutdown().deadline(Duration::from_secs(10)).await;
            tracing::info!(cut, "all streams have ended");
        })
        .await?;
    Ok(())
}
