//! Opening and dropping a session.

use criterion::{BatchSize, Criterion};
use mcp_sse_testkit::{handlers::send_back, polled::Server, requests};

pub(crate) fn benches(criterion: &mut Criterion) {
    let server = Server::new(send_back);
    let get = requests::python_get();
    let mut group = criterion.benchmark_group("session");
    group.bench_function("open", |b| {
        b.iter_batched(
            || get.clone(),
            |get| server.begin(get),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("drop", |b| {
        b.iter_batched(|| server.begin(get.clone()), drop, BatchSize::SmallInput);
    });
    group.finish();
}
