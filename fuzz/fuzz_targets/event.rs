//! Another parser reads each sent message from the stream, complete and in order.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use mcp_sse_server::{Message, Session, SseServerTransport};
use mcp_sse_server_fuzz::{Stream, received, run, wait};
use mcp_sse_testkit::{
    polled::{Server, now},
    requests,
};
use serde_json::Value;
use std::time::Duration;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    steps: Vec<Step<'a>>,
    piece: u8,
}

#[derive(Arbitrary, Debug)]
enum Step<'a> {
    /// A text that may or may not be a message.
    Raw(&'a [u8]),
    /// A message with any white space between its tokens.
    Spaced {
        method: &'a str,
        name: &'a str,
        value: &'a str,
        spaces: [u8; 6],
    },
    Read(u8),
    Silence(u8),
}

fuzz_target!(|input: Input<'_>| run(async || check(&input).await));

async fn check(input: &Input<'_>) {
    // The stall timeout is off: the stream may stay unread for any time.
    let unread = |session: Session| async move {
        session.closed().await;
    };
    let transport = SseServerTransport::new("/messages/", unread)
        .unwrap()
        .stall_timeout(None);
    let server = Server::of(&transport);
    let mut stream = Stream::open(&server, requests::get()).unwrap();
    let (_, id) = stream.uri.split_once("session_id=").unwrap();
    let sender = server.sessions.get(&id.parse().unwrap()).unwrap();

    let mut sent = Vec::new();
    for step in &input.steps {
        let text = match step {
            Step::Raw(text) => text.to_vec(),
            Step::Spaced {
                method,
                name,
                value,
                spaces,
            } => spaced(method, name, value, spaces).into_bytes(),
            Step::Read(frames) => {
                stream.read(*frames as usize);
                continue;
            }
            Step::Silence(seconds) => {
                wait(Duration::from_secs(u64::from(*seconds))).await;
                continue;
            }
        };
        let Ok(message) = Message::parse(text) else {
            continue;
        };
        if sent.len() % 16 == 15 {
            stream.read(usize::MAX);
        }
        sent.push(message.clone());
        now(sender.send(message)).unwrap();
    }
    stream.read(usize::MAX);
    assert!(!stream.ended);

    let found = stream.messages(input.piece.into());
    let expected: Vec<_> = sent
        .iter()
        .map(|message| received(message.as_str()))
        .collect();
    assert_eq!(found, expected);
    for (found, sent) in found.iter().zip(&sent) {
        // Too deep or too large for the reader, or the same value.
        if let Ok(value) = sent.deserialize::<Value>() {
            assert_eq!(serde_json::from_str::<Value>(found).unwrap(), value);
        }
    }
}

fn spaced(method: &str, name: &str, value: &str, spaces: &[u8; 6]) -> String {
    let spaces = spaces.map(|space| {
        let all = ["", " ", "\n", "\r", "\r\n", "\n\r", "\t", "\r\r", "\n\n"];
        all[space as usize % all.len()]
    });
    let [a, b, c, d, e, f] = spaces;
    let string = |text: &str| serde_json::to_string(text).unwrap();
    let (method, name, value) = (string(method), string(name), string(value));
    format!(
        "{a}{{{b}\"jsonrpc\"{c}:\"2.0\",\"method\":{d}{method},\"params\":{{{name}:{e}{value}}}}}{f}"
    )
}
