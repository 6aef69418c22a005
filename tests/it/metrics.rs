//! The metrics, in the format that Prometheus reads.

use std::{collections::BTreeMap, time::Duration};

use http::Request;
use mcp_sse_server::{Message, Session};
use mcp_sse_testkit::{
    handlers::send_back,
    messages::{event, ping},
    polled::Server,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use tokio::time::advance;

/// Runs a test with its own recorder, which is installed before the transport is made, as the docs say.
struct Metrics(&'static PrometheusRecorder);

impl Metrics {
    fn start() -> (Self, metrics::LocalRecorderGuard<'static>) {
        // Leaked, because the guard borrows it. Each test leaks one recorder.
        let recorder: &PrometheusRecorder =
            Box::leak(Box::new(PrometheusBuilder::new().build_recorder()));
        (
            Self(recorder),
            metrics::set_default_local_recorder(recorder),
        )
    }

    /// All series that are not zero.
    fn read(&self) -> BTreeMap<String, f64> {
        let text = self.0.handle().render();
        let lines = text
            .lines()
            .filter(|line| !line.starts_with('#') && !line.is_empty());
        let series = lines.map(|line| line.rsplit_once(' ').unwrap());
        let series = series.map(|(name, value)| (name.to_owned(), value.parse().unwrap()));
        series.filter(|(_, value)| *value != 0.0).collect()
    }

    /// The counters and gauges that are not zero, without those of bytes, and how often each histogram was
    /// written to.
    #[track_caller]
    fn assert(&self, expected: &[(&str, f64)]) {
        let mut series = self.read();
        series.retain(|name, _| !name.contains("_bytes") && !is_detail(name));
        let expected = expected
            .iter()
            .map(|(name, value)| (format!("mcp_sse_{name}"), *value));
        assert_eq!(series, expected.collect());
    }
}

/// The quantiles and sums of a histogram.
fn is_detail(name: &str) -> bool {
    name.contains("quantile=") || name.ends_with("_sum")
}

async fn deaf(session: Session) {
    let _session = session;
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_session_and_its_messages_are_counted() {
    let (metrics, _guard) = Metrics::start();
    let server = Server::new(send_back);
    metrics.assert(&[]);
    let mut stream = server.open();
    metrics.assert(&[("sessions", 1.0), ("sessions_opened_total", 1.0)]);
    for id in 0..3 {
        server.post_now(&stream.uri, ping(id));
    }
    metrics.assert(&[
        ("sessions", 1.0),
        ("sessions_opened_total", 1.0),
        ("posts_total{outcome=\"accepted\"}", 3.0),
        ("post_duration_seconds_count", 3.0),
        ("messages_received_total", 3.0),
        ("queue_messages{queue=\"inbox\"}", 3.0),
    ]);
    advance(Duration::from_secs(2)).await;
    let frame = stream.poll().unwrap().unwrap();
    assert_eq!(stream.poll(), None);
    advance(Duration::from_secs(20)).await;
    assert!(stream.poll().is_some(), "a keep-alive");
    drop(stream);
    metrics.assert(&[
        ("sessions_opened_total", 1.0),
        ("sessions_closed_total{reason=\"client_gone\"}", 1.0),
        ("session_duration_seconds_count", 1.0),
        ("posts_total{outcome=\"accepted\"}", 3.0),
        ("post_duration_seconds_count", 3.0),
        ("messages_received_total", 3.0),
        ("inbox_wait_seconds_count", 3.0),
        ("messages_sent_total", 3.0),
        ("outbox_wait_seconds_count", 3.0),
        ("keep_alives_total", 1.0),
    ]);
    let series = metrics.read();
    let bytes = |name: &str| series[&format!("mcp_sse_{name}")];
    assert_eq!(bytes("received_bytes_total"), (3 * ping(0).len()) as f64);
    let first = "event: endpoint\ndata: /messages/?session_id=\n\n".len() + 32;
    let written = first + frame.len() + ":\n".len();
    assert_eq!(frame, event(&ping(0)) + &event(&ping(1)) + &event(&ping(2)));
    assert_eq!(bytes("sent_bytes_total"), written as f64);
    assert_eq!(bytes("session_duration_seconds_sum"), 22.0);
    assert_eq!(bytes("inbox_wait_seconds_sum"), 6.0);
    assert!(!series.contains_key("mcp_sse_outbox_wait_seconds_sum"));
}

#[tokio::test]
async fn waiting_and_dropped_messages_are_counted() {
    let (metrics, _guard) = Metrics::start();
    let server = Server::with(deaf, |transport| transport.queue_messages(2));
    let stream = server.open();
    server.post_now(&stream.uri, ping(1));
    let sender = server.sessions.get(&stream.id()).unwrap();
    let message = Message::parse(ping(2)).unwrap();
    sender.try_send(message.clone()).unwrap();
    for (sent, full) in [(1, 0), (0, 1)] {
        let broadcast = server.sessions.broadcast(&message);
        assert_eq!((broadcast.sent, broadcast.full), (sent, full));
    }
    let [info] = &server.sessions.list()[..] else {
        panic!("one session")
    };
    let series = metrics.read();
    for (queue, depth) in [("inbox", info.inbox), ("outbox", info.outbox)] {
        let of = |name| series[&format!("mcp_sse_queue_{name}{{queue=\"{queue}\"}}")];
        assert_eq!(of("messages"), depth.messages as f64);
        assert_eq!(of("bytes"), depth.bytes as f64);
    }
    assert!(server.sessions.close(&stream.id()));
    drop(stream);
    metrics.assert(&[
        ("sessions_opened_total", 1.0),
        ("sessions_closed_total{reason=\"closed\"}", 1.0),
        ("session_duration_seconds_count", 1.0),
        ("posts_total{outcome=\"accepted\"}", 1.0),
        ("post_duration_seconds_count", 1.0),
        ("messages_received_total", 1.0),
        ("messages_dropped_total{queue=\"inbox\"}", 1.0),
        ("messages_dropped_total{queue=\"outbox\"}", 2.0),
        ("broadcasts_total", 2.0),
        ("broadcast_messages_total{outcome=\"sent\"}", 1.0),
        ("broadcast_messages_total{outcome=\"full\"}", 1.0),
    ]);
    assert!(
        !metrics
            .read()
            .keys()
            .any(|name| name.contains("queue_bytes"))
    );
}

#[tokio::test]
async fn refusals_are_counted_by_service_and_reason() {
    let (metrics, _guard) = Metrics::start();
    let server = Server::with(deaf, |transport| transport.max_sessions(0));
    assert_eq!(server.get().status(), 503);
    let evil = Request::get("/sse").header("host", "evil.example");
    assert_eq!(server.ask(evil.body(()).unwrap()).status(), 421);
    assert_eq!(server.post("/messages/", "").await.status(), 400);
    let unknown = format!("/messages/?session_id={}", "1".repeat(32));
    for _ in 0..2 {
        assert_eq!(server.post(&unknown, "").await.status(), 404);
    }
    metrics.assert(&[
        ("posts_total{outcome=\"refused\"}", 3.0),
        (
            "refusals_total{service=\"sse\",reason=\"too_many_sessions\"}",
            1.0,
        ),
        (
            "refusals_total{service=\"sse\",reason=\"host_not_allowed\"}",
            1.0,
        ),
        (
            "refusals_total{service=\"post\",reason=\"session_id_missing\"}",
            1.0,
        ),
        (
            "refusals_total{service=\"post\",reason=\"session_not_found\"}",
            2.0,
        ),
    ]);
}

#[tokio::test]
async fn a_post_that_is_dropped_is_counted_as_cancelled() {
    let (metrics, _guard) = Metrics::start();
    let server = Server::with(deaf, |transport| transport.queue_messages(1));
    let stream = server.open();
    server.post_now(&stream.uri, ping(1));
    let second = ping(2);
    let mut waiting = tokio_test::task::spawn(server.post(&stream.uri, &second));
    assert!(waiting.poll().is_pending());
    drop(waiting);
    let series = metrics.read();
    assert_eq!(series["mcp_sse_posts_total{outcome=\"accepted\"}"], 1.0);
    assert_eq!(series["mcp_sse_posts_total{outcome=\"cancelled\"}"], 1.0);
    assert_eq!(series.get("mcp_sse_posts_total{outcome=\"refused\"}"), None);
}

#[test]
fn the_guide_lists_each_metric_and_no_other() {
    let (metrics, _guard) = Metrics::start();
    let server = Server::with(deaf, |transport| transport.max_sessions(0));
    assert_eq!(server.get().status(), 503);
    let text = metrics.0.handle().render();
    let told: Vec<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(told.len() >= 19, "{told:?}");
    let guide = include_str!("../../src/guide/observability.md");
    let named = guide.lines().filter_map(|line| {
        let name = line.strip_prefix("| `mcp_sse_")?.split('`').next()?;
        Some(format!("mcp_sse_{name}"))
    });
    let mut named: Vec<_> = named.collect();
    let mut told: Vec<_> = told.into_iter().map(str::to_owned).collect();
    named.sort();
    told.sort();
    assert_eq!(named, told);
}

#[tokio::test]
async fn a_session_id_is_never_a_label() {
    let (metrics, _guard) = Metrics::start();
    let server = Server::new(send_back);
    let stream = server.open();
    let secret = stream.uri.rsplit('=').next().unwrap();
    server.post_now(&stream.uri, ping(77));
    let text = metrics.0.handle().render();
    assert!(text.contains("mcp_sse_posts_total"));
    assert!(!text.contains(&secret[..8]));
}
