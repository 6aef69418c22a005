//! What is counted.

use std::hint::black_box;

use mcp_sse_server::Message;

use crate::{Meter, support};

#[allow(
    dead_code,
    reason = "a private module of the crate, of which this needs less"
)]
#[path = "../../src/event.rs"]
mod event;

/// Messages by themselves: read, and written as events.
pub(crate) fn message(meter: &Meter) {
    let texts = [
        ("parse 64 B", 1_000, support::message(64)),
        ("parse 4 KiB", 200, support::message(4 * 1024)),
        ("parse 64 KiB", 20, support::message(64 * 1024)),
        ("parse 10 000 levels", 20, support::deep(10_000)),
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
        ("64 B", 1_000, support::message(64)),
        ("64 KiB", 50, support::message(64 * 1024)),
        ("1 000 lines", 50, support::lines(1_000)),
    ];
    for (name, times, text) in &texts {
        meter.count(
            &format!("encode {name}"),
            *times,
            || (),
            |()| {
                let mut event = Vec::with_capacity(event::message_len(text));
                event::message(&mut event, text, false);
                event
            },
        );
    }
    for (name, times, text) in texts {
        let server = support::echo();
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

/// From the `POST` to its 202 alone. The stream is polled outside of the count.
pub(crate) fn post(meter: &Meter) {
    let server = support::echo();
    let mut stream = server.stream();
    let post = support::post(&stream.uri, support::message(64));
    server.post(post.clone());
    meter.count(
        "POST 64 B",
        1_000,
        || {
            // Takes the previous message out of the inbox.
            stream.frames();
            post.clone()
        },
        |post| server.post(post),
    );
}

/// From the `POST` to its 202 and the frame of the stream.
pub(crate) fn path(meter: &Meter) {
    for (name, times, size) in [
        ("POST to frame 64 B", 1_000, 64),
        ("POST to frame 64 KiB", 50, 64 * 1024),
    ] {
        let text = support::message(size);
        let server = support::echo();
        let mut stream = server.stream();
        let post = support::post(&stream.uri, text);
        meter.count(
            name,
            times,
            || post.clone(),
            |post| {
                assert_eq!(server.post(post).status(), 202);
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
    let server = support::echo();
    let streams = server.streams(if meter.is_counting() { others } else { 1 });
    let mut ids = streams.iter().map(|stream| stream.id()).cycle();
    let get = support::get();
    meter.count(
        look_up,
        1_000,
        || ids.next().unwrap(),
        |id| drop(black_box(server.sessions.get(&id))),
    );
    meter.count(open, 1_000, || get.clone(), |get| server.open(get));
    meter.count(close, 1_000, || server.open(get.clone()), drop);
}

/// One message to many, and out of all their streams.
pub(crate) fn broadcast(meter: &Meter) {
    let server = support::echo();
    let mut streams = server.streams(1_000);
    let message = Message::parse(support::message(64)).unwrap();
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
