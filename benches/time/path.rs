//! The path from a `POST` through inbox, handler and outbox to the frame of the stream, with the 202.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use mcp_sse_testkit::{handlers::answer_with, messages, polled::Server, requests};

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("POST to frame");
    for (name, size) in [("64 B", 64), ("4 KiB", 4 * 1024), ("64 KiB", 64 * 1024)] {
        let text = messages::with_len(size);
        group.throughput(Throughput::Bytes(text.len() as u64));
        for sessions in [1, 10_000] {
            let server = Server::new(answer_with(messages::answer(size)));
            let mut streams = server.streams(sessions);
            let posts: Vec<_> = streams
                .iter()
                .map(|stream| requests::python_post(&stream.uri, text.clone()))
                .collect();
            let mut next = (0..sessions).cycle();
            let id = BenchmarkId::new(name, format!("one of {sessions}"));
            group.bench_function(id, |b| {
                b.iter_batched(
                    || {
                        let session = next.next().unwrap_or_default();
                        (session, posts[session].clone())
                    },
                    |(session, post)| {
                        let response = server.call_now(post);
                        assert_eq!(response.status(), 202);
                        (response, streams[session].frames())
                    },
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}
