//! How often the transport allocates, and how many bytes. The numbers are exact, so that a new copy or box
//! is noticed.
//!
//! The work of the HTTP server is not counted: requests are made before the count, and their parts are
//! slices of shared bytes, as with hyper. A block that grows counts as a new block. The numbers hold for
//! a 64-bit machine and for the current versions of the dependencies: an update of a dependency may change
//! them.
//!
//! To see where the allocations are made, open the output of this in valgrind's DHAT viewer:
//!
//! ```sh
//! CARGO_PROFILE_BENCH_DEBUG=line-tables-only cargo bench --no-run --bench instructions
//! valgrind --tool=dhat target/release/deps/instructions-.. count 'POST to frame 64 B'
//! ```

// With the features `tracing` and `metrics`, observers allocate, too.
#![cfg(all(
    target_pointer_width = "64",
    not(any(feature = "metrics", feature = "tracing"))
))]

mod counted;
mod held;

use mcp_sse_server::{Handler, Message};
use mcp_sse_testkit::{
    handlers::send_back,
    messages,
    polled::{Server, Stream},
    requests,
};

use self::counted::{Counted, NOTHING, count, in_runtime};

/// The bytes of an event without its text.
const EVENT: i64 = "event: message\ndata: \n\n".len() as i64;

#[test]
fn reading_a_message_allocates_nothing() {
    let text = messages::with_len(64);
    let (counted, message) = count(|| Message::parse(text));
    counted.is(NOTHING);
    assert!(message.is_ok());
}

/// One bit for each level, in a block that doubles.
#[test]
fn reading_a_deep_message_allocates_a_bit_for_each_level() {
    let text = messages::deep(10_000);
    let (counted, message) = count(|| Message::parse(text));
    counted.is(Counted {
        allocations: 7,
        bytes: (4 + 8 + 16 + 32 + 64 + 128 + 256) * 8,
        held: 0,
    });
    assert!(message.is_ok());
}

#[test]
fn a_post_allocates_its_answers_head_and_a_frame_its_event() {
    in_runtime(|| {
        let server = Server::new(send_back);
        let mut stream = server.stream();
        // Two requests that have no answer: the second makes a list of them.
        speak(&server, &mut stream);
        speak(&server, &mut stream);
        for size in [64, 64 * 1024] {
            let post = requests::python_post(&stream.uri, messages::with_len(size));
            let own = post.clone();
            let (counted, answer) = count(|| server.call_now(own));
            assert_eq!(answer.status(), 202);
            // The same for every size, because a body of one frame is not copied.
            counted.is(Counted {
                allocations: 3,
                bytes: 440,
                held: 440,
            });
            let event = size as i64 + EVENT;
            let (counted, written) = count(|| stream.frames());
            assert_eq!(written as i64, event);
            // A small text is copied once, into the event, which is freed, too. A large text is not copied.
            // The head of the request, of 1 016 bytes, is freed.
            let is_small = size == 64;
            counted.is(Counted {
                allocations: u64::from(is_small),
                bytes: if is_small { event } else { 0 },
                held: -1_016,
            });
        }
    });
}

#[test]
fn opening_a_session_allocates_this_often() {
    in_runtime(|| {
        let server = Server::new(send_back);
        let _others = server.streams(4);
        let get = requests::python_get();
        let own = get.clone();
        let (counted, (body, _endpoint)) = count(|| server.begin(own));
        counted.is(Counted {
            allocations: 11,
            bytes: 2481,
            held: 2099,
        });
        // Includes the head of its request, of 656 bytes.
        let (counted, ()) = count(|| drop(body));
        counted.is(Counted {
            held: -2677,
            ..NOTHING
        });
    });
}

#[test]
fn an_idle_session_holds_this_many_bytes() {
    const SESSIONS: usize = 1_000;
    in_runtime(|| {
        let server = Server::new(send_back);
        let get = requests::python_get();
        let gets = vec![get.clone(); SESSIONS];
        let mut bodies = Vec::with_capacity(SESSIONS);
        let (idle, ()) = count(|| bodies.extend(gets.into_iter().map(|get| server.begin(get).0)));
        // Includes its entry in the registry, and not the head of its request.
        assert_eq!(
            idle.held / SESSIONS as i64,
            1_848,
            "one idle session, in bytes"
        );
    });
}

#[test]
fn a_used_session_keeps_the_memory_of_its_queues() {
    in_runtime(|| {
        let server = Server::new(send_back);
        let mut stream = server.stream();
        let (counted, ()) = count(|| speak(&server, &mut stream));
        assert_eq!(counted.held, 4 * (112 + 104), "four places in each queue");
        let (counted, ()) = count(|| speak(&server, &mut stream));
        assert_eq!(counted.held, 4 * 24, "a list of requests without answer");
        let (counted, ()) = count(|| speak(&server, &mut stream));
        assert_eq!(counted.held, 0);
    });
}

#[test]
fn dropped_sessions_free_all_their_memory() {
    in_runtime(|| {
        let life = || {
            let server = Server::new(send_back);
            let mut streams = server.streams(100);
            for stream in &mut streams {
                speak(&server, stream);
                // This message stays in the inbox.
                drop(server.call_now(requests::python_post(&stream.uri, messages::with_len(64))));
            }
            assert_eq!(server.sessions.broadcast(&message()).sent, 100);
        };
        // The first round allocates what the process keeps.
        life();
        let (counted, ()) = count(life);
        assert!(counted.allocations > 2_000, "{counted}");
        assert_eq!(counted.held, 0, "bytes that were not given back");
    });
}

#[test]
fn a_broadcast_allocates_the_same_for_any_number_of_sessions() {
    in_runtime(|| {
        for sessions in [10, 100] {
            let server = Server::new(send_back);
            let mut streams = server.streams(sessions);
            for stream in &mut streams {
                speak(&server, stream);
            }
            let message = message();
            let (counted, broadcast) = count(|| server.sessions.broadcast(&message));
            assert_eq!(broadcast.sent, sessions);
            // The event with its reference count, and the list of the sessions.
            counted.is(Counted {
                allocations: 3,
                bytes: 64 + EVENT + 24 + 8 * sessions as i64,
                held: 64 + EVENT + 24,
            });
            let (counted, ()) = count(|| {
                streams.iter_mut().for_each(|stream| {
                    stream.frames();
                })
            });
            assert_eq!(counted.allocations, 0);
        }
    });
}

fn message() -> Message {
    Message::parse(messages::with_len(64)).unwrap()
}

/// Posts a message and reads its echo.
fn speak<H: Handler>(server: &Server<H>, stream: &mut Stream<H::Future>) {
    let post = requests::python_post(&stream.uri, messages::with_len(64));
    assert_eq!(server.call_now(post).status(), 202);
    stream.frames();
}
