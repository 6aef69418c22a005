//! Many sessions, one after another and side by side: nothing of them is left.
//!
//! `GATEWAY_SESSIONS` is their number. `.ci/gateway` runs 10 000.

use std::{sync::Arc, time::Duration};

use mcp_sse_testkit::until;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    served::{Gateway, Talk},
    streamable::Streamable,
};

const AT_A_TIME: usize = 8;

fn sessions() -> usize {
    let number = std::env::var("GATEWAY_SESSIONS");
    number.map_or(1_000, |number| number.parse().expect("a number"))
}

/// How many open files, and how many threads a process has.
fn used(pid: u32) -> [usize; 2] {
    ["fd", "task"].map(|folder| {
        let entries = std::fs::read_dir(format!("/proc/{pid}/{folder}"));
        entries.unwrap().count()
    })
}

/// Runs `session` this many times.
async fn run<F>(times: usize, session: impl Fn() -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    for _ in 0..times {
        if tasks.len() == AT_A_TIME {
            tasks.join_next().await.unwrap().unwrap();
        }
        tasks.spawn(session());
    }
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

/// Fails unless the gateway and its guard come back to what they used before, with at most `spare` more.
async fn comes_back(gateway: &Gateway, before: [[usize; 2]; 2], spare: usize) {
    gateway.childless().await;
    let now = || [gateway.id(), gateway.guard()].map(used);
    let is_back = || {
        now()
            .iter()
            .flatten()
            .zip(before.iter().flatten())
            .all(|(now, before)| *now <= before + spare)
    };
    let mut last = before;
    // Threads of tokio's pool end after 10 s without work.
    until(
        &format!("open files and threads as before, {before:?}"),
        async || {
            last = now();
            is_back()
        },
    )
    .await;
    println!(
        "open files and threads of the gateway and its guard: {before:?} before, {last:?} after"
    );
}

/// Opens a session. The children of sessions that have ended count until they end.
async fn open(gateway: &Gateway) -> Talk {
    loop {
        match gateway.try_open("").await {
            Ok(talk) => return talk,
            Err(status) => assert_eq!(status, 503),
        }
        sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn no_process_no_descriptor_and_no_thread_is_left_of_many_sessions() {
    // `cat` sends back what it reads.
    let flags = ["--max-children", "32"];
    let gateway = Arc::new(Gateway::start_with(&flags, &["cat"], &[]));
    let session = || {
        let gateway = Arc::clone(&gateway);
        async move {
            let mut talk = open(&gateway).await;
            let text = r#"{"jsonrpc":"2.0","id":1,"method":"x"}"#;
            assert_eq!(talk.post(text).await, 202);
            assert_eq!(talk.stream.message().await.unwrap().unwrap(), text);
        }
    };
    run(AT_A_TIME * 4, session).await;
    gateway.childless().await;
    let before = [gateway.id(), gateway.guard()].map(used);
    let all = sessions();
    run(all, session).await;
    comes_back(&gateway, before, 0).await;
    let expected = all + AT_A_TIME * 4;
    for text in ["session opened", "session closed", " ended: exit status: 0"] {
        let count = || gateway.log().matches(text).count();
        until(&format!("{expected} times {text:?}"), async || {
            count() >= expected
        })
        .await;
        assert_eq!(count(), expected, "{text}");
    }
}

#[tokio::test]
async fn no_session_of_an_upstream_and_no_descriptor_is_left_of_many_sessions() {
    let server = Streamable::start().await;
    let flags = ["--upstream", &server.url(), "--log-level", "warn"];
    let gateway = Arc::new(Gateway::start_as_is(&flags, &[], &[]));
    let session = || {
        let gateway = Arc::clone(&gateway);
        async move {
            let mut talk = open(&gateway).await;
            // The gateway makes the handshake.
            talk.works().await;
        }
    };
    run(AT_A_TIME * 4, session).await;
    server.until_deleted(AT_A_TIME * 4).await;
    let before = [gateway.id(), gateway.guard()].map(used);
    let all = sessions() / 10;
    run(all, session).await;
    server.until_deleted(AT_A_TIME * 4 + all).await;
    assert_eq!(server.count("initialize"), AT_A_TIME * 4 + all);
    // Its connections to the upstream stay open for later sessions.
    comes_back(&gateway, before, AT_A_TIME * 2).await;
}
