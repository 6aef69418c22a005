//! How much one client can make the server hold.

use std::sync::Arc;

use mcp_sse_testkit::{events::Events, polled, server::Server, within};
use serde_json::json;

use crate::{
    client::{Mcp, initialize_params},
    counted::{Alive, Counted},
    rmcp_transport,
};

#[tokio::test(start_paused = true)]
async fn no_more_is_read_from_a_client_that_does_not_read() {
    let alive = Arc::new(Alive::default());
    let counted = Arc::clone(&alive);
    let transport = rmcp_transport("/messages/", move || Ok(Counted::new(&counted)))
        .keep_alive(None)
        .queue_messages(4);
    // Without sockets, whose buffers would take part of the messages.
    let server = polled::Server::of(&transport);
    let (uri, mut events) = server.open().into_events();
    let begin = json!({
        "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": initialize_params(),
    });
    server.post(&uri, begin.to_string()).await;
    events.next().await.unwrap();

    let mut accepted = 0;
    let refused = loop {
        let params = json!({"name": "text", "arguments": {"bytes": 1000}});
        let call = json!({
            "jsonrpc": "2.0", "id": accepted + 1, "method": "tools/call", "params": params,
        });
        let answer = server.post(&uri, call.to_string()).await;
        if answer.status() != 202 {
            break answer;
        }
        accepted += 1;
        assert!(accepted < 1000, "there is no bound");
    };
    assert_eq!(
        (refused.status().as_u16(), refused.body().as_str()),
        (503, "Session is busy")
    );

    // When it reads on, all accepted requests are answered, and there is room again.
    let mut answered: Vec<i64> = Vec::new();
    while answered.len() < accepted {
        let answer = read(&mut events).await;
        answered.push(answer["id"].as_i64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, Vec::from_iter(1..=accepted as i64));
    let ping = json!({"jsonrpc": "2.0", "id": -1, "method": "ping"});
    assert_eq!(server.post(&uri, ping.to_string()).await.status(), 202);
    assert_eq!(read(&mut events).await["id"], -1);
}

async fn read<S>(events: &mut Events<S>) -> serde_json::Value
where
    S: http_body::Body<Data = bytes::Bytes, Error: std::fmt::Debug> + Unpin,
{
    let event = events.next().await.expect("the stream continues");
    serde_json::from_str(&event.data).unwrap()
}

#[tokio::test]
async fn a_server_that_sends_without_pause_still_receives() {
    let alive = Arc::new(Alive::default());
    let counted = Arc::clone(&alive);
    let transport =
        rmcp_transport("/messages/", move || Ok(Counted::new(&counted))).queue_messages(1);
    let server = Server::spawn(&transport).await;
    let mut client = Mcp::connect(&server).await;
    for _ in 0..4 {
        client.ask_tool("tell", json!({})).await;
    }
    let listen = async {
        for _ in 0..20 {
            let id = client.ask("ping", json!({})).await;
            // The response comes among the notifications.
            while client.next().await["id"] != id {}
        }
    };
    within("all answers", listen).await;
    drop(client);
    within("their end", alive.are([0, 0])).await;
}
