//! The flags with seconds: keep-alive, idle sessions, the window of a shutdown.

use std::path::PathBuf;

use mcp_sse_testkit::{
    until,
    wire::{Conn, GET},
    within,
};
use tokio::io::AsyncReadExt;

use crate::served::{Gateway, Talk};

#[tokio::test]
async fn a_silent_stream_has_comments() {
    let gateway = Gateway::start(&["--keep-alive", "0.05"]);
    let mut conn = Conn::open(gateway.address).await.unwrap();
    conn.write(GET).await.unwrap();
    let mut text = Vec::new();
    let comments = async {
        while String::from_utf8_lossy(&text).matches("\n:").count() < 3 {
            assert!(conn.tcp.read_buf(&mut text).await.unwrap() > 0);
        }
    };
    within("three comments", comments).await;
}

#[tokio::test]
async fn a_session_without_messages_is_closed() {
    let gateway = Gateway::start(&["--idle-timeout", "0.1"]);
    let mut talk = gateway.open().await;
    let id = talk.short_id();
    assert_eq!(talk.next().await, None);
    gateway.childless().await;
    let is_idle =
        |line: &str| line.contains("session closed") && line.contains(&id) && line.contains("idle");
    until("the reason in the log", async || {
        gateway.log().lines().any(is_idle)
    })
    .await;
}

/// A server that answers its first request when the file is there.
fn answers_after(file: &str) -> [&str; 4] {
    const SCRIPT: &str = r#"read request
        while ! [ -e "$0" ]; do sleep 0.05; done
        echo '{"jsonrpc":"2.0","id":"open","result":{}}'"#;
    ["sh", "-c", SCRIPT, file]
}

async fn ask(talk: &mut Talk) {
    let open = r#"{"jsonrpc":"2.0","id":"open","method":"x"}"#;
    assert_eq!(talk.post(open).await, 202);
}

/// A path where no file is.
fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("gateway-{name}-{}", std::process::id()))
}

#[tokio::test]
async fn a_stop_waits_for_an_open_call() {
    let file = file("stop");
    let child = answers_after(file.to_str().unwrap());
    // Never reached.
    let mut gateway = Gateway::start_with(&["--shutdown-window", "600"], &child, &[]);
    let mut talk = gateway.open().await;
    let mut idle = gateway.open().await;
    ask(&mut talk).await;
    gateway.signal("TERM");
    // A session without an open call ends at once, and no other one opens.
    assert_eq!(idle.next().await, None);
    assert!(gateway.try_open("").await.is_err());
    std::fs::write(&file, "").unwrap();
    let answer = talk.next().await.expect("an answer");
    assert_eq!(answer["id"], "open");
    assert!(answer["error"].is_null(), "{answer}");
    assert_eq!(talk.next().await, None);
    let (status, log) = gateway.ended().await;
    std::fs::remove_file(file).unwrap();
    assert!(status.success(), "{status}: {log}");
}

#[tokio::test]
async fn a_stop_cuts_an_open_call_after_its_window_with_an_error() {
    let file = file("cut");
    let child = answers_after(file.to_str().unwrap());
    let mut gateway = Gateway::start_with(&["--shutdown-window", "0.1"], &child, &[]);
    let mut talk = gateway.open().await;
    ask(&mut talk).await;
    gateway.signal("TERM");
    let answer = talk.next().await.expect("an answer");
    assert_eq!(
        (&answer["id"], &answer["error"]["code"]),
        (&"open".into(), &(-32603).into())
    );
    let reason = "the server shut down before it answered this request";
    assert_eq!(answer["error"]["message"], reason, "{answer}");
    assert_eq!(talk.next().await, None);
    let (status, log) = gateway.ended().await;
    assert!(status.success(), "{status}: {log}");
    assert!(gateway.children().is_empty());
}

#[tokio::test]
async fn a_health_probe_fails_while_the_gateway_stops() {
    let file = file("health");
    let child = answers_after(file.to_str().unwrap());
    let gateway = Gateway::start_with(&["--shutdown-window", "600"], &child, &[]);
    let mut talk = gateway.open().await;
    ask(&mut talk).await;
    let probe = async || {
        let mut conn = Conn::open(gateway.address).await.unwrap();
        conn.write("GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")
            .await
            .unwrap();
        conn.answer().await.unwrap()
    };
    assert_eq!(probe().await, 200);
    gateway.signal("TERM");
    until("a probe that fails", async || probe().await == 503).await;
    drop(talk);
    gateway.childless().await;
}
