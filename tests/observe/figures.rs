//! The metrics and the log match what the test did.

use std::collections::BTreeMap;

use mcp_sse_testkit::wire::{Conn, Stream, open};

use crate::{echo, log::Log, page::Page, process::Example};

/// The numbers of what the test did.
#[derive(Default)]
struct Done {
    accepted: usize,
    received_bytes: usize,
    sent: usize,
    sent_bytes: usize,
}

impl Done {
    async fn open(&mut self, example: &Example) -> Stream {
        let stream = open(example.address).await;
        self.sent_bytes += format!("event: endpoint\ndata: {}\n\n", stream.uri).len();
        stream
    }

    async fn post(&mut self, posts: &mut Conn, stream: &Stream, text: &str) {
        assert_eq!(posts.post(&stream.uri, text).await.unwrap(), 202);
        self.accepted += 1;
        self.received_bytes += text.len();
    }

    async fn read(&mut self, stream: &mut Stream) -> String {
        let message = stream.message().await.unwrap().expect("a message");
        self.sent += 1;
        self.sent_bytes += format!("event: message\ndata: {message}\n\n").len();
        message
    }
}

const LOCAL: &str = "host: localhost\r\n";
const JSON: &str = "host: localhost\r\ncontent-type: application/json\r\n";
const NOBODY: &str = "/messages/?session_id=00000000000000000000000000000000";

/// A request that is refused, its status, and the labels of its counter.
struct Refused {
    head: String,
    body: &'static str,
    status: u16,
    service: &'static str,
    reason: &'static str,
}

impl Refused {
    fn series(&self) -> String {
        let Self {
            service, reason, ..
        } = self;
        format!("mcp_sse_refusals_total{{service=\"{service}\",reason=\"{reason}\"}}")
    }
}

fn refused(session: &str) -> Vec<Refused> {
    let evil_host = "host: evil.example\r\n";
    let evil_origin = format!("{JSON}origin: https://evil.example\r\n");
    let text = format!("{LOCAL}content-type: text/plain\r\n");
    let large = format!("{JSON}expect: 100-continue\r\ncontent-length: 5000000\r\n");
    #[rustfmt::skip]
    let rows = [
        ("GET /sse", evil_host, "", 421, "sse", "host_not_allowed"),
        ("GET /sse", evil_host, "", 421, "sse", "host_not_allowed"),
        ("PUT /sse", LOCAL, "", 405, "sse", "method_not_allowed"),
        ("GET /messages/", LOCAL, "", 405, "post", "method_not_allowed"),
        ("POST /messages", &text, "", 400, "post", "invalid_content_type"),
        (&format!("POST {session}"), &evil_origin, "", 403, "post", "origin_not_allowed"),
        (&format!("POST {session}"), &large, "", 413, "post", "body_too_large"),
        ("POST /messages/", JSON, "", 400, "post", "session_id_missing"),
        ("POST /messages/?session_id=x", JSON, "", 400, "post", "session_id_invalid"),
        (&format!("POST {NOBODY}"), JSON, "", 404, "post", "session_not_found"),
        (&format!("POST {session}"), JSON, "no message", 400, "post", "invalid_message"),
        (&format!("POST {session}"), JSON, "[]", 400, "post", "invalid_message"),
    ];
    let refused = rows.map(|(request, headers, body, status, service, reason)| {
        let len = match headers.contains("content-length") {
            true => String::new(),
            false => format!("content-length: {}\r\n", body.len()),
        };
        Refused {
            head: format!("{request} HTTP/1.1\r\n{headers}{len}\r\n"),
            body,
            status,
            service,
            reason,
        }
    });
    refused.into()
}

#[tokio::test]
async fn each_metric_matches_what_the_test_did() {
    let example = Example::start();
    let mut done = Done::default();
    assert_eq!(example.page().await.figures(), BTreeMap::new());
    let mut posts = Conn::open(example.address).await.unwrap();

    let mut streams = Vec::new();
    for _ in 0..4 {
        streams.push(done.open(&example).await);
    }
    let [first, second, third, fourth] = &mut streams[..] else {
        unreachable!()
    };
    for (id, len) in [0, 10, 5_000].into_iter().enumerate() {
        let text = "x".repeat(len);
        done.post(&mut posts, first, &echo(id, &text)).await;
        assert!(done.read(first).await.contains(&text));
    }
    let count = r#"{"jsonrpc":"2.0","id":"c","method":"tools/call","params":{"name":"count","arguments":{"to":2},"_meta":{"progressToken":7}}}"#;
    done.post(&mut posts, second, count).await;
    for part in [r#""progress":1"#, r#""progress":2"#, "counted to 2"] {
        let message = done.read(second).await;
        assert!(message.contains(part), "{message}");
    }
    let unanswered = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    done.post(&mut posts, third, unanswered).await;
    // Two messages of one session, written at once. Their answers may come in any order.
    for id in 0..2 {
        done.post(&mut posts, fourth, &echo(id, "fourth")).await;
    }
    for _ in 0..2 {
        assert!(done.read(fourth).await.contains("fourth"));
    }

    let refused = refused(&first.uri);
    let mut refusals = BTreeMap::new();
    for refused in &refused {
        let mut conn = Conn::open(example.address).await.unwrap();
        let request = refused.head.clone() + refused.body;
        conn.write(request).await.unwrap();
        let status = conn.answer().await.unwrap();
        assert_eq!(status, refused.status, "{}", refused.head);
        *refusals.entry(refused.series()).or_insert(0.0) += 1.0;
    }
    let of_posts = refused.iter().filter(|refused| refused.service == "post");

    let secrets = [0, 1, 2, 3].map(|stream| streams[stream].secret().to_owned());
    let mut stay = streams.split_off(2);
    drop(streams);
    let [accepted, sent] = [done.accepted, done.sent].map(|count| count as f64);
    let expected = |page: &Page| {
        let keep_alives = page.get("keep_alives_total");
        let sent_bytes = done.sent_bytes as f64 + keep_alives * ":\n".len() as f64;
        #[rustfmt::skip]
        let expected = [
            ("sessions", 2.0),
            ("sessions_opened_total", 4.0),
            ("sessions_closed_total{reason=\"client_gone\"}", 2.0),
            ("session_duration_seconds_count", 2.0),
            ("posts_total{outcome=\"accepted\"}", accepted),
            ("posts_total{outcome=\"refused\"}", of_posts.clone().count() as f64),
            ("post_duration_seconds_count", accepted),
            ("messages_received_total", accepted),
            ("received_bytes_total", done.received_bytes as f64),
            ("inbox_wait_seconds_count", accepted),
            ("messages_sent_total", sent),
            ("sent_bytes_total", sent_bytes),
            ("outbox_wait_seconds_count", sent),
            ("keep_alives_total", keep_alives),
        ];
        let expected = expected.into_iter().filter(|(_, value)| *value != 0.0);
        let expected = expected.map(|(name, value)| (format!("mcp_sse_{name}"), value));
        expected.chain(refusals.clone()).collect::<BTreeMap<_, _>>()
    };
    // The handlers and the closed streams may still be at work.
    let page = example
        .page_when("the figures of what the test did", |page| {
            page.figures() == expected(page)
        })
        .await;
    for name in page.histograms() {
        assert!(page.has(&format!("{name}_bucket"), "le=\"+Inf\""), "{name}");
    }

    drop(posts);
    example.interrupt();
    for stream in &mut stay {
        let end = stream.message().await.unwrap();
        assert_eq!(end, None, "the stream ends without an error");
    }
    drop(stay);
    let log = Log(example.log());
    let ends = [
        ("client_gone", "received=3 sent=3 untaken=0"),
        ("client_gone", "received=1 sent=3 untaken=0"),
        ("shutdown", "received=1 sent=0 untaken=0"),
        ("shutdown", "received=2 sent=2 untaken=0"),
    ];
    for (secret, (reason, counts)) in secrets.iter().zip(ends) {
        log.assert_session(secret, reason, counts);
    }
    log.assert("INFO", ": session opened", "", 4);
    log.assert("INFO", ": session closed", "", 4);
    log.assert("DEBUG", ": message accepted", "", done.accepted);
    log.assert("DEBUG", ": message sent", "", done.sent);
    for refused in refused {
        let Refused {
            service, reason, ..
        } = refused;
        let (level, hint) = hint(reason);
        let times = refusals[&refused.series()] as usize;
        let labels = format!("service=\"{service}\" reason=\"{reason}\"");
        log.assert(level, &labels, hint, times);
    }
    let readme = include_str!("../../README.md").lines();
    let mut shown = readme.filter_map(|line| line.strip_prefix("WARN "));
    let shown = shown.next().expect("the README shows a refusal");
    let shown = shown.replace("mcp.example.com", "evil.example");
    assert!(log.0.contains(&shown), "{shown} in {}", log.0);
}

/// The level of a refusal's event, and its hint or its precise reason.
fn hint(reason: &str) -> (&str, &str) {
    let hint = match reason {
        "host_not_allowed" => r#"TransportSecurity::allow_host(\"evil.example\") allows it"#,
        "origin_not_allowed" => {
            r#"TransportSecurity::allow_origin(\"https://evil.example\") allows it"#
        }
        "body_too_large" => "SseServerTransport::body_limit allows larger ones",
        "invalid_content_type" => return ("INFO", "expected application/json, received"),
        "invalid_message" | "body_unreadable" => return ("INFO", "detail="),
        _ => return ("DEBUG", ""),
    };
    ("WARN", hint)
}
