//! The MCP server of the other examples, with metrics for Prometheus and readable logs.
//!
//! ```sh
//! cargo run --example observe --features metrics,tracing                      # http://127.0.0.1:8000/sse
//! cargo run --example observe --features metrics,tracing -- 127.0.0.1:9000    # another address
//! ```
//!
//! In another terminal, open a session, send a request that is refused, and read the metrics:
//!
//! ```sh
//! curl -N http://127.0.0.1:8000/sse
//! curl -H 'Host: mcp.example.com' http://127.0.0.1:8000/sse
//! curl http://127.0.0.1:8000/metrics
//! ```
//!
//! The logs go to standard error. `RUST_LOG=mcp_sse_server=debug` also logs each message. `observe.json`
//! in the same folder is a dashboard for Grafana, and `observe.rules.yml` has alerts for Prometheus.
//!
//! Ctrl-C ends the open streams and stops the server.

use std::{error::Error, future::IntoFuture, io, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{Request, header::CONTENT_TYPE},
    routing::get,
    serve::ListenerExt,
};
use mcp_sse_server::SseServerTransport;
use mcp_sse_testkit::demo;
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::{
    net::TcpListener,
    signal,
    sync::oneshot,
    time::{self, timeout},
};
use tower_http::trace::TraceLayer;
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Buckets for the waits of messages and the duration of a `POST`, in seconds.
const WAITS: [f64; 10] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0];
/// Buckets for the duration of sessions: from one second to one day.
const SESSIONS: [f64; 8] = [1.0, 10.0, 60.0, 300.0, 1800.0, 3600.0, 21600.0, 86400.0];

/// Installs the recorder. The handle returns the metrics as text.
fn install_metrics() -> Result<PrometheusHandle, BuildError> {
    let durations = Matcher::Suffix("_seconds".to_owned());
    let sessions = Matcher::Full("mcp_sse_session_duration_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(durations, &WAITS)?
        .set_buckets_for_metric(sessions, &SESSIONS)?
        .install_recorder()?;
    // Without upkeep, the values of a histogram use memory until the page is read.
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

/// Runs until Ctrl-C.
pub(crate) async fn run(address: &str) -> Result<(), Box<dyn Error>> {
    install_logs();
    // Before the transport is made, because it registers its metrics then.
    let metrics = install_metrics()?;

    let transport = SseServerTransport::new("/messages/", demo::serve)?.max_sessions(1_000);
    let (sse, post) = transport.services();
    let sessions = transport.sessions();

    // Only the path: the query of a POST contains the session's id, which is a secret.
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
        // Every client that reaches the server can read this page. It has no names and no ids. If the
        // numbers are confidential, serve the page at another address.
        .route("/metrics", page);

    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address}: {error}"))?;
    let base = format!("http://{}", listener.local_addr()?);
    println!("MCP over HTTP+SSE at {base}/sse, metrics at {base}/metrics");
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
    tracing::info!(sessions = sessions.len(), "stopping");
    let cut = sessions.shutdown().deadline(Duration::from_secs(10)).await;
    tracing::info!(cut, "all sessions have ended");
    drop(stop);
    // It would also wait for clients that do not read. They are cut when `main` returns.
    let _ = timeout(Duration::from_secs(5), server).await;
    Ok(())
}
