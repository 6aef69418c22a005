//! What a client can make a server run and hold, whatever it sends.

use std::sync::Arc;

use mcp_sse_server::SseServerTransport;
use mcp_sse_server_rmcp::{Guarded, RmcpHandler};
use mcp_sse_testkit::{server::Server, within};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    client::Mcp,
    counted::{Alive, Counted},
    in_memory::{Polled, in_memory},
};

/// The most requests and notifications that run in one session, and the most that run in all.
const MOST: usize = 1024;
const MOST_OF_ALL: usize = 16 * 1024;

async fn counted(options: impl FnOnce(RmcpHandler) -> RmcpHandler) -> (Server, Arc<Alive>) {
    let alive = Arc::new(Alive::default());
    let counted = Arc::clone(&alive);
    let handler = options(RmcpHandler::new(move || Ok(Counted::new(&counted))));
    let transport = SseServerTransport::new("/messages/", handler).unwrap();
    (Server::spawn(&transport).await, alive)
}

fn said(answer: &Value) -> &str {
    answer["error"]["message"].as_str().expect("an error")
}

async fn cancel(client: &Mcp<'_>, id: i64) {
    let params = json!({"requestId": id});
    client
        .send(json!({"method": "notifications/cancelled", "params": params}))
        .await;
}

#[tokio::test]
async fn requests_that_run_are_bounded() {
    let (server, alive) = counted(|handler| handler).await;
    let mut client = Mcp::connect(&server).await;
    let mut last = 0;
    for _ in 0..MOST {
        last = client.ask_tool("work", json!({})).await;
    }
    within("all of them", alive.are([1, MOST])).await;
    let refused = client.request("ping", json!({})).await;
    assert_eq!(refused["error"]["code"], -32000);
    assert!(
        said(&refused).contains("1024 requests and notifications"),
        "{refused}"
    );

    cancel(&client, last).await;
    within("one less", alive.are([1, MOST - 1])).await;
    assert_eq!(client.request("ping", json!({})).await["result"], json!({}));
    drop(client);
    within("their end", alive.are([0, 0])).await;
}

#[tokio::test]
async fn a_second_request_with_an_open_id_is_refused() {
    let (server, alive) = counted(|handler| handler).await;
    let mut client = Mcp::connect(&server).await;
    let id = client.ask_tool("finish", json!({})).await;
    within("the call", alive.are([1, 1])).await;
    for _ in 0..3 {
        let again = json!({"id": id, "method": "tools/call", "params": {"name": "finish"}});
        client.send(again).await;
        let refused = client.answer(id).await;
        assert_eq!(refused["error"]["code"], -32600);
        assert!(
            said(&refused).contains("the same id is still running"),
            "{refused}"
        );
    }
    assert_eq!(alive.counts(), [1, 1]);
    alive.finish.0.add_permits(1);
    assert_eq!(
        client.answer(id).await["result"]["content"][0]["text"],
        "finished"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_keeps_its_place_until_it_ends() {
    let alive = Arc::new(Alive::default());
    let server = in_memory(&alive);
    let mut client = Polled::connect(&server).await;
    let mut calls = Vec::new();
    for _ in 0..MOST {
        calls.push(client.ask("tools/call", json!({"name": "ignore"})).await);
    }
    within("all of them", alive.are([1, MOST])).await;
    for id in &calls {
        client.cancel(*id).await;
    }
    client.ask("ping", json!({})).await;
    assert_eq!(client.next().await["error"]["code"], -32000);
    // The id of a call that runs is not free, also if the call was cancelled.
    client.last_id = calls[0] - 1;
    client.ask("ping", json!({})).await;
    assert_eq!(client.next().await["error"]["code"], -32000);
    within("their end", alive.are([1, 0])).await;
    client.ask("ping", json!({})).await;
    assert_eq!(client.next().await["result"], json!({}));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_call_that_runs_on_is_ended() {
    let alive = Arc::new(Alive::default());
    let server = in_memory(&alive);
    let mut client = Polled::connect(&server).await;
    for tool in ["ignore", "panic_at_end"] {
        let id = client.ask("tools/call", json!({"name": tool})).await;
        within("the call", alive.are([1, 1])).await;
        let start = Instant::now();
        client.cancel(id).await;
        // The clock runs on when all tasks wait.
        alive.are([1, 0]).await;
        assert_eq!(
            start.elapsed().as_secs(),
            Guarded::GRACE.as_secs(),
            "{tool}"
        );
    }
    let id = client.ask("ping", json!({})).await;
    assert_eq!(
        client.next().await,
        json!({"jsonrpc": "2.0", "id": id, "result": {}})
    );
}

#[tokio::test(start_paused = true)]
async fn work_of_clients_that_left_counts_until_it_is_ended() {
    let alive = Arc::new(Alive::default());
    let server = in_memory(&alive);
    let mut clients = 0;
    let refused = loop {
        let mut client = Polled::connect(&server).await;
        for _ in 0..30 {
            client.ask("tools/call", json!({"name": "ignore"})).await;
        }
        client.ask("ping", json!({})).await;
        let answer = client.next().await;
        if answer["error"].is_object() {
            break answer;
        }
        clients += 1;
        assert!(clients <= MOST_OF_ALL / 30, "there is no bound");
    };
    assert!(
        said(&refused).contains("16384 requests and notifications"),
        "{refused}"
    );
    assert_eq!(alive.counts()[1], MOST_OF_ALL);
    // A client that runs nothing is served.
    let mut client = Polled::connect(&server).await;
    client.ask("ping", json!({})).await;
    assert_eq!(client.next().await["result"], json!({}));

    let start = Instant::now();
    within("their end", alive.are([1, 0])).await;
    assert!(start.elapsed() <= Guarded::GRACE);
    for _ in 0..30 {
        client.ask("tools/call", json!({"name": "ignore"})).await;
    }
    within("the new calls", alive.are([1, 30])).await;
}

#[tokio::test]
async fn notifications_that_run_are_bounded() {
    let (server, alive) = counted(|handler| handler).await;
    let mut client = Mcp::connect(&server).await;
    // Each makes the handler ask the client for its roots, which it never answers.
    for _ in 0..MOST + 100 {
        client
            .send(json!({"method": "notifications/roots/list_changed"}))
            .await;
    }
    let mut asked = 0;
    let refused = {
        let id = client.ask("ping", json!({})).await;
        loop {
            let next = client.next().await;
            match next["id"] == id && next["method"].is_null() {
                true => break next,
                false => asked += 1,
            }
        }
    };
    assert_eq!(
        refused["error"]["code"], -32000,
        "{asked} questions: {refused}"
    );
    assert_eq!((asked, alive.counts()), (MOST, [1, MOST]));
    drop(client);
    within("their end", alive.are([0, 0])).await;
}

#[tokio::test]
async fn a_message_that_takes_too_much_memory_is_refused_before_it_is_read() {
    let (server, _alive) = counted(|handler| handler).await;
    let mut client = Mcp::connect(&server).await;
    for (number, item) in ["[]", "{}", r#"{"":0}"#, "0"].into_iter().enumerate() {
        let list = vec![item; 4_000_000 / (item.len() + 1)].join(",");
        for method in ["tools/call", "mine"] {
            let params = format!(r#"{{"name":"text","arguments":{{"list":[{list}]}}}}"#);
            let text = format!(
                r#"{{"jsonrpc":"2.0","id":{number},"method":"{method}","params":{params}}}"#
            );
            assert_eq!(server.post(&client.uri, &text).await.status(), 202);
            let refused = client.answer(number as i64).await;
            assert_eq!(refused["error"]["code"], -32000, "{item} {method}");
            assert!(said(&refused).contains("`session_bytes`"), "{refused}");
        }
    }
    // The same of text, and of numbers in a call, fits.
    let text = "x, [{".repeat(800_000);
    let id = client
        .ask_tool("text", json!({"bytes": 1, "other": text}))
        .await;
    assert_eq!(client.answer(id).await["result"]["content"][0]["text"], "x");
    let numbers = vec![0.123_456; 250_000];
    let id = client
        .ask_tool("text", json!({"bytes": 1, "other": numbers}))
        .await;
    assert_eq!(client.answer(id).await["result"]["content"][0]["text"], "x");
}

#[tokio::test]
async fn the_bounds_of_bytes_are_options() {
    let (server, _alive) = counted(|handler| handler.session_bytes(5_000)).await;
    let mut client = Mcp::connect(&server).await;
    let refused = client
        .request("ping", json!({"a": "x".repeat(5_000)}))
        .await;
    assert!(said(&refused).contains("5000 bytes"), "{refused}");

    let (server, alive) = counted(|handler| handler.total_bytes(100_000)).await;
    let mut clients = [Mcp::connect(&server).await, Mcp::connect(&server).await];
    let large = json!({"bytes": 1, "other": "x".repeat(90_000)});
    clients[0].ask_tool("work", large.clone()).await;
    within("the call", alive.are([2, 1])).await;
    let refused = {
        let id = clients[1].ask_tool("text", large).await;
        clients[1].answer(id).await
    };
    assert!(said(&refused).contains("100000 bytes"), "{refused}");
    assert!(said(&refused).contains("`total_bytes`"), "{refused}");
    // A small message of another session fits.
    assert_eq!(clients[1].call("text", json!({"bytes": 1})).await, "x");
}

#[tokio::test]
async fn a_response_that_takes_too_much_memory_ends_the_tool_that_waits_for_it() {
    let (server, _alive) = counted(|handler| handler.session_bytes(50_000)).await;
    let mut client = Mcp::connect(&server).await;
    let id = client.ask_tool("ask", json!({})).await;
    let roots = vec![json!({"uri": "file:///a"}); 1000];
    client.reply("roots/list", json!({"roots": roots})).await;
    let answer = client.answer(id).await;
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("takes too much memory"), "{text}");
}
