//! How much memory a message takes until it is answered. All of it is taken in one thread, whose allocator
//! counts.

use allocation_counter::measure;
use mcp_sse_server::SseServerTransport;
use mcp_sse_server_rmcp::RmcpHandler;
use mcp_sse_testkit::polled::{self, runtime};
use rmcp::ServerHandler;
use serde_json::{Value, json};

struct Empty;

impl ServerHandler for Empty {}

/// The most bytes that were held while a request was served, and whether it was refused for its memory.
fn serve(handler: RmcpHandler, request: &str) -> (u64, bool) {
    let transport = SseServerTransport::new("/messages/", handler).unwrap();
    let server = polled::Server::of(&transport.keep_alive(None));
    let runtime = runtime();
    let mut is_refused = false;
    let info = measure(|| {
        runtime.block_on(async {
            let (uri, mut events) = server.open().into_events();
            let answer = server.post(&uri, request).await;
            assert_eq!(answer.status(), 202, "{}", answer.body());
            let answer = events.next().await.expect("an answer");
            let answer: Value = serde_json::from_str(&answer.data).unwrap();
            assert_eq!(answer["id"], 1);
            is_refused = answer["error"]["code"] == -32000;
        });
    });
    (info.bytes_max, is_refused)
}

fn list(item: &str, count: usize) -> String {
    format!("[{}]", vec![item; count].join(","))
}

fn members(value: &str, count: usize) -> String {
    let members: Vec<_> = (0..count).map(|n| format!(r#""{n}":{value}"#)).collect();
    format!("{{{}}}", members.join(","))
}

type Shape = fn(usize) -> String;

/// JSON that becomes much larger when it is read, by the number of its items.
const SHAPES: [(&str, Shape); 9] = [
    ("numbers", |count| list("0", count)),
    ("empty lists", |count| list("[]", count)),
    ("lists", |count| list("[0]", count)),
    ("objects", |count| list(r#"{"":0}"#, count)),
    ("objects with two members", |count| {
        list(r#"{"":0,"a":0}"#, count)
    }),
    ("objects in objects", |count| list(r#"{"":{"":0}}"#, count)),
    ("strings", |count| list("\"\\n\"", count)),
    ("members", |count| members("0", count)),
    ("deep lists", |count| {
        list(
            &format!("{}{}", "[".repeat(100), "]".repeat(100)),
            count / 100,
        )
    }),
];

fn request(method: &str, value: &str) -> String {
    let params = format!(r#"{{"name":"none","arguments":{{"a":{value}}}}}"#);
    format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#)
}

#[test]
fn no_request_takes_more_memory_than_a_session_may() {
    const SESSION: usize = 4 * 1024 * 1024;
    for (name, shape) in SHAPES {
        for method in ["tools/call", "mine"] {
            // Smaller ones, until one is served.
            let mut count = 60_000;
            let held = loop {
                let request = request(method, &shape(count));
                let handler = RmcpHandler::new(|| Ok(Empty)).session_bytes(SESSION);
                let (held, is_refused) = serve(handler, &request);
                if !is_refused {
                    break held;
                }
                let most = 3 * request.len() as u64 + 100_000;
                assert!(
                    held < most,
                    "{name}, {method}: {held} for {} bytes, which are refused",
                    request.len()
                );
                count = count * 4 / 5;
            };
            println!("{name}, {method}: {count} hold {held} bytes");
            assert!(count < 60_000, "{name}, {method}: none was refused");
            assert!(
                held < SESSION as u64 * 3 / 2,
                "{name}, {method}: {count} hold {held} bytes"
            );
        }
    }
}

#[test]
fn text_is_served_up_to_the_limit_of_a_body() {
    let text = json!("x, [{".repeat(830_000)).to_string();
    let (held, is_refused) = serve(
        RmcpHandler::new(|| Ok(Empty)),
        &request("tools/call", &text),
    );
    assert!(!is_refused);
    println!("text: {} bytes hold {held} bytes", text.len());
    assert!(held < text.len() as u64 * 5 / 2, "{held}");
}
