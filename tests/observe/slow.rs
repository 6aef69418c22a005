//! A client that does not read.

use mcp_sse_testkit::wire::{Conn, open};

use crate::{echo, log::Log, page::Page, process::Example};

#[tokio::test]
async fn messages_for_a_client_that_does_not_read_are_shown_and_then_logged_as_lost() {
    let example = Example::start();
    let mut posts = Conn::open(example.address).await.unwrap();
    let stream = open(example.address).await;
    // More than all buffers between server and client hold.
    let text = "x".repeat(1024 * 1024);
    let mut accepted = 0;
    loop {
        let text = echo(accepted, &text);
        match posts.post(&stream.uri, &text).await.unwrap() {
            202 => accepted += 1,
            // The handler does not run while the client does not read, so the inbox is full now.
            503 => break,
            status => panic!("{status} after {accepted}"),
        }
        assert!(accepted < 100, "there is no bound");
    }
    let page = example.page().await;
    let busy = "refusals_total{service=\"post\",reason=\"session_busy\"}";
    assert_eq!(page.get(busy), 1.0);
    assert_eq!(page.get("messages_received_total"), accepted as f64);
    let waiting = queues(&page, "queue_messages");
    let [untaken, most] = waiting;
    assert!(untaken > 0.0, "{page:#?}");
    // Whether an answer waits in the outbox, too, depends on what the server has just written.
    for (messages, bytes) in waiting.into_iter().zip(queues(&page, "queue_bytes")) {
        assert!(bytes >= messages * text.len() as f64, "{page:#?}");
    }
    assert_eq!(queues(&page, "messages_dropped_total"), [0.0; 2]);

    drop(stream);
    let page = example
        .page_when("the session is closed and drops its messages", |page| {
            let [dropped, _] = queues(page, "messages_dropped_total");
            let held = [queues(page, "queue_messages"), queues(page, "queue_bytes")];
            page.get("sessions") == 0.0 && held == [[0.0; 2]; 2] && dropped == untaken
        })
        .await;
    // The server may have taken an answer before it noticed that the client does not read.
    let [_, unread] = queues(&page, "messages_dropped_total");
    assert!(unread <= most, "{page:#?}");
    let sent = page.get("messages_sent_total") + unread;

    drop(posts);
    example.interrupt();
    let log = Log(example.log());
    let counts = format!(" received={accepted} sent={sent} untaken={untaken} ");
    log.assert("INFO", ": session closed", &counts, 1);
    let lost = format!(" messages={unread} ");
    let times = usize::from(unread > 0.0);
    log.assert("INFO", "were not read", &lost, times);
    log.assert("WARN", "session_busy", "its client does not read", 1);
}

/// The values of a metric for the inboxes and for the outboxes.
fn queues(page: &Page, name: &str) -> [f64; 2] {
    ["inbox", "outbox"].map(|queue| page.get(&format!("{name}{{queue=\"{queue}\"}}")))
}
