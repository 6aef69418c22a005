//! The end of a session ends its child, and the end of a child ends its session.

use mcp_sse_testkit::{
    process::system::{self, runs},
    until,
};
use serde_json::json;

use crate::served::{Gateway, Talk, child};

/// Lets the child start a process.
async fn start(talk: &mut Talk, words: &[&str]) -> u32 {
    let started = talk.ask("start", &json!({"words": words})).await["started"].as_u64();
    started.unwrap().try_into().unwrap()
}

async fn ends_after_what_was_written(mut talk: Talk, last_line: &str) {
    talk.tell("exit", &json!({"text": last_line})).await;
    for number in [1, 2] {
        let message = talk.next().await.expect("what it wrote before its end");
        assert_eq!(message["params"]["number"], number, "{message}");
    }
    let answer = talk.next().await.expect("an answer to the open request");
    assert_eq!(answer["error"]["code"], -32603, "{answer}");
    let reason = "the server ended before it answered: exit status: 3";
    assert_eq!(answer["error"]["message"], reason);
    assert_eq!(talk.next().await, None);
    let ping = r#"{"jsonrpc":"2.0","id":1,"method":"pid"}"#;
    assert_eq!(talk.post(ping).await, 404);
}

#[tokio::test]
async fn a_child_that_dies_ends_its_stream_after_what_it_wrote() {
    let gateway = Gateway::start(&[]);
    let mut other = gateway.open().await;
    let mut talk = gateway.open().await;
    let (id, pid) = (talk.short_id(), talk.child().await);
    ends_after_what_was_written(talk, "").await;
    gateway
        .logs_of(&id, &format!("child {pid} ended: exit status: 3"))
        .await;
    // It was reaped, and the other child is not affected.
    let left = other.child().await;
    assert_eq!(gateway.children(), [left]);
}

#[tokio::test]
async fn a_child_that_is_killed_ends_its_stream() {
    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    system::signal(pid, "KILL");
    assert_eq!(talk.next().await, None);
    gateway
        .logs(&format!("child {pid} ended: signal: 9 (SIGKILL)\n"))
        .await;
    gateway.childless().await;
}

#[tokio::test]
async fn processes_of_a_child_end_with_it() {
    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    // The process keeps the child's stdout open.
    let started = start(&mut talk, &["sleep", "1000"]).await;
    ends_after_what_was_written(talk, "").await;
    until("the other's end", async || !runs(started)).await;
    gateway.childless().await;
}

#[tokio::test]
async fn a_process_that_left_the_group_does_not_keep_the_stream_open() {
    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    // The process keeps the child's stdout open and leaves its group.
    let started = start(&mut talk, &["setsid", "sleep", "1000"]).await;
    let cmdline = || std::fs::read_to_string(format!("/proc/{started}/cmdline"));
    until("a group of its own", async || {
        cmdline().unwrap().starts_with("sleep")
    })
    .await;
    // With a line break: a line without one is complete only at the end of the pipe, which does not come here.
    ends_after_what_was_written(talk, "\n").await;
    assert!(runs(started));
    system::signal(started, "KILL");
    gateway.childless().await;
}

#[tokio::test]
async fn a_process_that_left_the_group_is_read_until_the_client_disconnects() {
    let gateway = Gateway::start(&["--max-children", "1"]);
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    // It writes until the pipe is closed.
    let script = "while echo && echo again >&2; do sleep 0.1; done";
    let started = start(&mut talk, &["setsid", "sh", "-c", script]).await;
    gateway.logs("stderr: again\n").await;
    system::signal(pid, "KILL");
    gateway.logs("ended: signal: 9 (SIGKILL)\n").await;
    drop(talk);
    until("its end", async || !runs(started)).await;
    // Another child may start now.
    let mut next = loop {
        match gateway.try_open("").await {
            Ok(next) => break next,
            Err(status) => assert_eq!(status, 503),
        }
    };
    next.works().await;
}

#[tokio::test]
async fn a_client_that_disconnects_ends_its_child_and_the_childs_processes() {
    let gateway = Gateway::start(&[]);
    let mut other = gateway.open().await;
    let mut talk = gateway.open().await;
    let (id, pid) = (talk.short_id(), talk.child().await);
    let started = start(&mut talk, &["sleep", "1000"]).await;
    drop(talk);
    until("the child's end", async || !runs(pid) && !runs(started)).await;
    // It ended by itself at the end of its stdin.
    gateway
        .logs_of(&id, &format!("child {pid} ended: exit status: 0"))
        .await;
    let left = other.child().await;
    assert_eq!(gateway.children(), [left]);
    drop(other);
    gateway.childless().await;
}

#[tokio::test]
async fn a_child_that_does_not_end_gets_sigterm_then_sigkill() {
    let [this, exact, name, nocapture] = &child();
    let deaf = r#"trap "" TERM; exec "$0" "$@""#;
    let gateway = Gateway::start_with(&[], &["sh", "-c", deaf, this, exact, name, nocapture], &[]);
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    talk.ask("at_end", &json!({"do": "linger"})).await;
    drop(talk);
    gateway
        .logs(&format!("child {pid} ended: signal: 9 (SIGKILL)\n"))
        .await;
    gateway.childless().await;

    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    talk.ask("at_end", &json!({"do": "linger"})).await;
    drop(talk);
    gateway
        .logs(&format!("child {pid} ended: signal: 15 (SIGTERM)\n"))
        .await;
    gateway.childless().await;
}

#[tokio::test]
async fn a_child_that_writes_much_at_its_end_is_not_blocked_by_a_client_that_disconnected() {
    let gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    // More than the pipe holds.
    talk.ask("at_end", &json!({"do": "say", "messages": 20_000}))
        .await;
    drop(talk);
    gateway
        .logs(&format!("child {pid} ended: exit status: 0\n"))
        .await;
    gateway.childless().await;
}

#[tokio::test]
async fn a_child_that_closes_a_pipe_is_ended() {
    for close in ["exec sleep 1000 <&-", "exec sleep 1000 >&-"] {
        let gateway = Gateway::start_with(&[], &["sh", "-c", close], &[]);
        let mut talk = gateway.open().await;
        // Post until the gateway notices: messages before the child closes its stdin stay in the pipe.
        let ping = r#"{"jsonrpc":"2.0","method":"ping"}"#;
        while talk.post(ping).await == 202 {}
        assert_eq!(talk.next().await, None, "{close}");
        gateway.logs(" ended: signal: 15 (SIGTERM)\n").await;
        gateway.childless().await;
    }
}

#[tokio::test]
async fn a_command_that_was_removed_ends_each_stream_and_is_logged() {
    let folder = std::env::temp_dir().join(format!("gateway-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let command = folder.join("server");
    std::os::unix::fs::symlink("/bin/cat", &command).unwrap();
    let command = command.to_str().unwrap();
    let gateway = Gateway::start_with(&[], &[command], &[]);
    std::fs::remove_dir_all(&folder).unwrap();
    for _ in 0..2 {
        let mut talk = gateway.open().await;
        assert_eq!(talk.next().await, None);
        let id = talk.short_id();
        gateway
            .logs_of(
                &id,
                &format!("cannot start {command}: No such file or directory (os error 2)"),
            )
            .await;
    }
}
