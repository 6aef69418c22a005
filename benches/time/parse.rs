//! Checking the text of a message.

use criterion::{BenchmarkId, Criterion, Throughput};
use mcp_sse_server::Message;

use crate::support;

pub(crate) fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("parse");
    for (name, text) in [
        ("64 B", support::message(64)),
        ("4 KiB", support::message(4 * 1024)),
        ("64 KiB", support::message(64 * 1024)),
        ("1 000 lines", support::lines(1_000)),
        ("10 000 levels", support::deep(10_000)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &text, |b, text| {
            b.iter(|| Message::parse(text.clone()).unwrap());
        });
    }
    group.finish();
}
