//! The shutdown of the gateway.

use mcp_sse_testkit::{
    process::system::{self, runs, signal},
    until,
};
use serde_json::json;

use crate::served::Gateway;

#[tokio::test]
async fn a_signal_ends_all_sessions_and_leaves_no_child() {
    for name in ["TERM", "INT"] {
        let mut gateway = Gateway::start(&[]);
        let mut talks = Vec::new();
        let mut pids = Vec::new();
        for messages in 0..5 {
            let mut talk = gateway.open().await;
            pids.push(talk.child().await);
            talk.ask("at_end", &json!({"do": "say", "messages": messages}))
                .await;
            // Accepted, so it must be answered.
            talk.tell("echo", &json!({"number": messages})).await;
            talks.push(talk);
        }
        gateway.signal(name);
        for (messages, talk) in talks.iter_mut().enumerate() {
            let answer = talk.next().await.unwrap();
            assert_eq!(answer["result"]["params"]["number"], messages);
            for number in 0..messages {
                let said = talk.next().await.unwrap();
                assert_eq!(
                    (&said["method"], &said["params"]["number"]),
                    (&json!("end"), &json!(number))
                );
            }
            assert_eq!(talk.next().await, None);
        }
        let (status, log) = gateway.ended().await;
        assert!(status.success(), "{status}: {log}");
        assert_eq!(log.matches(" ended: exit status: 0\n").count(), 5, "{log}");
        assert!(!pids.into_iter().any(runs));
    }
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let mut gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    talk.ask("at_end", &json!({"do": "linger"})).await;
    let started = talk
        .ask("start", &json!({"words": ["sleep", "1000"]}))
        .await["started"]
        .as_u64();
    let started = started.unwrap().try_into().unwrap();
    // A stopped process does not handle SIGTERM and would be killed after 4 s.
    signal(pid, "STOP");
    gateway.signal("TERM");
    gateway.logs("stopping").await;
    gateway.signal("TERM");
    let (status, log) = gateway.ended().await;
    assert!(status.success(), "{status}: {log}");
    assert!(!log.contains(" ended: "), "{log}");
    until("no child", async || !runs(pid) && !runs(started)).await;
}

#[tokio::test]
async fn a_gateway_that_is_killed_leaves_no_process() {
    let mut gateway = Gateway::start(&[]);
    let mut talk = gateway.open().await;
    let pid = talk.child().await;
    // Neither ends at the end of its stdin.
    talk.ask("at_end", &json!({"do": "linger"})).await;
    let words = json!({"words": ["sleep", "1000"]});
    let started = talk.ask("start", &words).await["started"].as_u64();
    let started = started.unwrap().try_into().unwrap();
    let guard = system::children(gateway.id());
    gateway.signal("KILL");
    gateway.ended().await;
    until("no process", async || {
        !runs(pid) && !runs(started) && !guard.iter().any(|pid| runs(*pid))
    })
    .await;
}
