//! Checking the text of a message.

use criterion::{BenchmarkId, Criterion, Throughput};
use mcp_sse_server::Message;
use mcp_sse_testkit::messages;

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, text) in [
        ("64 B", messages::with_len(64)),
        ("4 KiB", messages::with_len(4 * 1024)),
        ("64 KiB", messages::with_len(64 * 1024)),
        ("1 000 lines", messages::lines(1_000)),
        ("10 000 levels", messages::deep(10_000)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &text, |b, text| {
            b.iter(|| Message::parse(text.clone()).unwrap());
        });
    }
    group.finish();
}
