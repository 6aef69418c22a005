//! Bounds: long lines, children or clients that do not read, the number of children.

use std::time::Duration;

use mcp_sse_testkit::{
    process::system::{peak, runs, written},
    until,
};
use serde_json::json;

use crate::served::Gateway;

#[tokio::test]
async fn a_long_line_is_skipped_and_not_kept_in_memory() {
    let gateway = Gateway::start(&["--max-line", "100000"]);
    let mut talk = gateway.open().await;
    talk.works().await;
    let before = peak(gateway.id());
    talk.ask("long", &json!({"bytes": 20_000_000})).await;
    let id = talk.short_id();
    let logged = format!(
        "skipped on stdout a line of 20000000 bytes, --max-line is 100000 and allows more: {} .. (100000 bytes)",
        "x".repeat(200)
    );
    gateway.logs_of(&id, &logged).await;
    let grown = peak(gateway.id()) - before;
    assert!(grown < 8 * 1024, "{grown} KiB more");
    // The longest line that is not skipped.
    let long = talk.ask("echo", &json!({"pad": "p".repeat(99_900)})).await;
    assert_eq!(long["params"]["pad"].as_str().unwrap().len(), 99_900);
    talk.works().await;
}

#[tokio::test]
async fn a_child_that_does_not_read_makes_posts_wait_then_refuses_them() {
    let gateway = Gateway::start(&[]);
    let mut other = gateway.open().await;
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    talk.tell("deaf", &json!({})).await;
    let before = peak(gateway.id());
    let pad = "x".repeat(400_000);
    let text = json!({"jsonrpc": "2.0", "id": 1, "method": "echo", "params": {"pad": pad}});
    let text = text.to_string();
    let mut accepted = 0;
    let status = loop {
        match talk.post(&text).await {
            202 => accepted += 1,
            status => break status,
        }
        assert!(accepted < 50, "there is no bound");
    };
    assert_eq!(status, 503);
    gateway
        .logs("the server behind the gateway does not read, no flag changes that")
        .await;
    assert!(accepted > 0);
    let grown = peak(gateway.id()) - before;
    assert!(grown < 16 * 1024, "{grown} KiB more");
    other.works().await;
    // It does not see the end of its stdin either, and gets SIGTERM.
    drop(talk);
    until("its end", async || !runs(pid)).await;
    drop(other);
    gateway.childless().await;
}

#[tokio::test]
async fn a_child_that_writes_faster_than_its_client_reads_is_paused_and_nothing_is_lost() {
    const MESSAGES: u64 = 4_000;
    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    let mut other = gateway.open().await;
    let pid = talk.child().await;
    let (memory, already) = (peak(gateway.id()), written(pid));
    talk.tell("flood", &json!({"messages": MESSAGES})).await;
    // Wait until it writes no more.
    let mut last = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = written(pid) - already;
        if now == last && now > 0 {
            break;
        }
        last = now;
    }
    // Most of it is in the socket buffers between the gateway and its client.
    assert!(
        last < MESSAGES * 10_000 * 3 / 4,
        "{last} bytes that are not read"
    );
    let grown = peak(gateway.id()) - memory;
    assert!(grown < 16 * 1024, "{grown} KiB more");
    other.works().await;
    for number in 0..MESSAGES {
        let message = talk.next().await.unwrap();
        assert_eq!(message["params"]["number"], number);
    }
    assert_eq!(talk.next().await.unwrap()["result"]["pid"], pid);
    talk.works().await;
}

#[tokio::test]
async fn the_number_of_children_is_bounded() {
    let gateway = Gateway::start(&["--max-children", "2"]);
    let mut one = gateway.open().await;
    let mut two = gateway.open().await;
    let pids = [one.child().await, two.child().await];
    assert_eq!(gateway.try_open("").await.err(), Some(503));
    gateway.logs("--max-children allows more").await;
    // A new session may open when the old one has ended, but its child starts only after the old child ended.
    one.ask("at_end", &json!({"do": "linger"})).await;
    drop(one);
    let mut three = loop {
        match gateway.try_open("").await {
            Ok(three) => break three,
            Err(status) => assert_eq!(status, 503),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let started = || gateway.log().matches(" started\n").count();
    assert!(started() == 2 || !runs(pids[0]), "{}", gateway.log());
    until("the third child", async || started() == 3).await;
    assert!(!runs(pids[0]));
    assert!(runs(pids[1]));
    two.works().await;
    three.works().await;
}
