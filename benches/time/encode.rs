//! Encoding a message as an event, without and with the outbox.

use criterion::{BenchmarkId, Criterion, Throughput};
use mcp_sse_server::Message;
use mcp_sse_testkit::{handlers::send_back, messages, polled::Server};

#[allow(
    dead_code,
    reason = "this needs only a part of the crate's private module"
)]
#[path = "../../src/event.rs"]
mod event;

pub(crate) fn benches(criterion: &mut Criterion) {
    let texts = [
        ("64 B", messages::with_len(64)),
        ("64 KiB", messages::with_len(64 * 1024)),
        ("1 000 lines", messages::lines(1_000)),
    ];
    let mut group = criterion.benchmark_group("encode");
    for (name, text) in &texts {
        let is_plain = !text.contains(&b'\n');
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), text, |b, text| {
            b.iter(|| {
                let mut event = Vec::with_capacity(event::message_len(text));
                event::message(&mut event, text, is_plain);
                event
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("send to frame");
    for (name, text) in texts {
        let message = Message::parse(text).unwrap();
        let server = Server::new(send_back);
        let mut stream = server.stream();
        let sender = server.sender(&stream);
        group.throughput(Throughput::Bytes(message.as_bytes().len() as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |b| {
            b.iter(|| {
                sender.try_send(message.clone()).unwrap();
                stream.frames()
            });
        });
    }
    group.finish();
}
