//! Ten thousand clients connect, call tools and disconnect in different ways. No memory may stay.

use std::sync::Arc;

use futures_util::future::join_all;
use mcp_sse_testkit::{client::Client, server::Server, within};
use serde_json::json;

use crate::{
    client::initialize_params,
    counted::{Alive, Counted},
    rmcp_transport,
};

const WORKERS: usize = 8;
const CONNECTS: usize = 10_000;
/// Less than an open session takes: more growth per session means that something is kept.
const BYTES_PER_SESSION: usize = 2048;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_ten_thousand_clients() {
    let alive = Arc::new(Alive::default());
    let counted = Arc::clone(&alive);
    let transport = rmcp_transport("/messages/", move || Ok(Counted::new(&counted)));
    let server = Server::spawn(&transport).await;
    let address = server.address.to_string();

    // The first fifth fills buffers, tables and the allocator's arenas, which are kept for later use.
    come_and_go(&address, CONNECTS / 5).await;
    within("the end of the first", alive.are([0, 0])).await;
    let before = resident();
    come_and_go(&address, CONNECTS - CONNECTS / 5).await;
    within("the end of all", alive.are([0, 0])).await;
    within("their streams' end", async {
        while !server.sessions.is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let grown = resident().saturating_sub(before);
    println!("grown by {grown} bytes");
    assert!(
        grown < (CONNECTS - CONNECTS / 5) * BYTES_PER_SESSION,
        "grown by {grown} bytes"
    );
}

async fn come_and_go(address: &str, clients: usize) {
    join_all((0..WORKERS).map(|_| async {
        let mut poster = Client::http1(address).await;
        for number in 0..clients / WORKERS {
            one_client(address, &mut poster, number).await;
        }
    }))
    .await;
}

async fn one_client(address: &str, poster: &mut Client, number: usize) {
    let mut opener = Client::http1(address).await;
    let (uri, mut events) = opener.open(address, "/sse").await;
    let begin = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize_params(),
    });
    let tool = match number % 20 {
        // Disconnects before the handshake.
        0 => return,
        1 => "ask",
        2..=9 => "work",
        _ => "text",
    };
    post(poster, address, &uri, &begin).await;
    events.next().await.expect("an answer");
    let arguments = json!({"bytes": 10});
    let call = json!({
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": {"name": tool, "arguments": arguments},
    });
    post(poster, address, &uri, &call).await;
    // Some read the result, some disconnect first.
    if tool == "ask" || tool == "text" && number.is_multiple_of(2) {
        events.next().await.expect("an answer, or a question");
    }
}

async fn post(poster: &mut Client, address: &str, uri: &str, message: &serde_json::Value) {
    if let Client::Http1(connection) = poster {
        connection.ready().await.unwrap();
    }
    let answer = poster.post(address, uri, &message.to_string()).await;
    assert_eq!(answer, (202, "Accepted".to_owned()));
}

/// The resident memory of this process in bytes, or 0 where the system does not say.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|pages| pages.split(' ').nth(1)?.parse::<usize>().ok());
    pages.unwrap_or(0) * 4096
}
