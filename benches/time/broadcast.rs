//! One message to all sessions, and the frames of all their streams.

use criterion::{Criterion, Throughput};
use mcp_sse_server::Message;
use mcp_sse_testkit::{handlers::send_back, messages, polled::Server};

const SESSIONS: usize = 10_000;

pub(crate) fn benches(criterion: &mut Criterion) {
    let server = Server::new(send_back);
    let mut streams = server.streams(SESSIONS);
    let message = Message::parse(messages::with_len(64)).unwrap();
    let mut group = criterion.benchmark_group("broadcast");
    group.throughput(Throughput::Elements(SESSIONS as u64));
    group.bench_function("to 10 000 and their frames", |b| {
        b.iter(|| {
            assert_eq!(server.sessions.broadcast(&message).sent, SESSIONS);
            streams
                .iter_mut()
                .map(|stream| stream.frames())
                .sum::<usize>()
        });
    });
    group.finish();
}
