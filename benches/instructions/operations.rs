//! The counted operations.

use std::hint::black_box;

use mcp_sse_server::Message;
use mcp_sse_testkit::{
    handlers::{answer_with, send_back},
    messages,
    polled::Server,
    requests,
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

use crate::Meter;

#[allow(
    dead_code,
    reason = "this needs only a part of the crate's private module"
)]
#[path = "../../src/event.rs"]
mod event;

/// Params that are sent back, with their text decoded and encoded.
#[derive(Deserialize, Serialize)]
struct Params {
    text: String,
}

/// Params that are sent back, with their text as it is.
#[derive(Deserialize, Serialize)]
struct RawParams<'a> {
    #[serde(borrow)]
    text: &'a RawValue,
}

/// Requests whose params are read, and sent back as a result.
pub(crate) fn answer(meter: &Meter) {
    // As long as the lines that tools print.
    let line = "a line of a text, as long as the lines that the tools of a server print\n";
    let request = |lines: usize| {
        let params = json!({ "text": line.repeat(lines) });
        Message::request(7, "tools/call", &params).unwrap()
    };
    let (small, large) = (request(1), request(64 * 1024 / line.len()));
    meter.count(
        "parse 64 KiB of lines",
        20,
        || large.as_bytes().clone(),
        |text| Message::parse(text).unwrap(),
    );
    for (name, times, message) in [
        ("answer one line", 500, small),
        ("answer 64 KiB", 20, large),
    ] {
        let request = message.as_request().unwrap();
        meter.count(
            name,
            times,
            || (),
            |()| {
                let params: Params = request.params().unwrap();
                request.response(&params).unwrap()
            },
        );
        meter.count(
            &format!("{name}, raw"),
            times,
            || (),
            |()| {
                let params: RawParams<'_> = request.params().unwrap();
                request.response(&params).unwrap()
            },
        );
    }
}

/// Messages: parsed, encoded as events, and sent.
pub(crate) fn message(meter: &Meter) {
    let texts = [
        ("parse 64 B", 1_000, messages::with_len(64)),
        ("parse 4 KiB", 200, messages::with_len(4 * 1024)),
        ("parse 64 KiB", 20, messages::with_len(64 * 1024)),
        ("parse 10 000 levels", 20, messages::deep(10_000)),
    ];
    for (name, times, text) in texts {
        meter.count(
            name,
            times,
            || text.clone(),
            |text| Message::parse(text).unwrap(),
        );
    }
    let texts = [
        ("64 B", 1_000, messages::with_len(64)),
        ("64 KiB", 50, messages::with_len(64 * 1024)),
        ("1 000 lines", 50, messages::lines(1_000)),
    ];
    for (name, times, text) in &texts {
        let is_plain = !text.contains(&b'\n');
        meter.count(
            &format!("encode {name}"),
            *times,
            || (),
            |()| {
                let mut event = Vec::with_capacity(event::message_len(text));
                event::message(&mut event, text, is_plain);
                event
            },
        );
    }
    for (name, times, text) in texts {
        let server = Server::new(send_back);
        let mut stream = server.stream();
        let sender = server.sender(&stream);
        let message = Message::parse(text).unwrap();
        meter.count(
            &format!("send to frame {name}"),
            times,
            || message.clone(),
            |message| {
                sender.try_send(message).unwrap();
                black_box(stream.frames());
            },
        );
    }
}

/// The path from a `POST` to its 202. The stream is polled outside of the count.
pub(crate) fn post(meter: &Meter) {
    let server = Server::new(answer_with(messages::answer(64)));
    let mut stream = server.stream();
    let post = requests::python_post(&stream.uri, messages::with_len(64));
    assert_eq!(server.call_now(post.clone()).status(), 202);
    meter.count(
        "POST 64 B",
        1_000,
        || {
            // Takes the previous message out of the inbox.
            stream.frames();
            post.clone()
        },
        |post| server.call_now(post),
    );
}

/// The path from a `POST` to its 202 and the frame of the stream.
pub(crate) fn path(meter: &Meter) {
    for (name, times, size) in [
        ("POST to frame 64 B", 1_000, 64),
        ("POST to frame 64 KiB", 50, 64 * 1024),
    ] {
        let text = messages::with_len(size);
        let server = Server::new(answer_with(messages::answer(size)));
        let mut stream = server.stream();
        let post = requests::python_post(&stream.uri, text);
        meter.count(
            name,
            times,
            || post.clone(),
            |post| {
                assert_eq!(server.call_now(post).status(), 202);
                black_box(stream.frames());
            },
        );
    }
}

/// One session among others.
pub(crate) fn sessions(meter: &Meter, others: usize) {
    let names = ["look up", "open", "drop"].map(|what| format!("{what} among {others}"));
    if !names.iter().any(|name| meter.wants(name)) {
        return;
    }
    let [look_up, open, close] = &names;
    let server = Server::with(send_back, |transport| transport.max_sessions(usize::MAX));
    let streams = server.streams(if meter.is_counting() { others } else { 1 });
    let mut ids = streams.iter().map(|stream| stream.id()).cycle();
    let get = requests::python_get();
    meter.count(
        look_up,
        1_000,
        || ids.next().unwrap(),
        |id| drop(black_box(server.sessions.get(&id))),
    );
    meter.count(open, 1_000, || get.clone(), |get| server.begin(get));
    meter.count(close, 1_000, || server.begin(get.clone()), drop);
}

/// One message to many sessions, and the frames of all their streams.
pub(crate) fn broadcast(meter: &Meter) {
    let server = Server::new(send_back);
    let mut streams = server.streams(1_000);
    let message = Message::parse(messages::with_len(64)).unwrap();
    meter.count(
        "broadcast to 1 000 sessions",
        10,
        || (),
        |()| {
            assert_eq!(server.sessions.broadcast(&message).sent, 1_000);
            for stream in &mut streams {
                black_box(stream.frames());
            }
        },
    );
}
