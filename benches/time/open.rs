//! Opening and dropping a session.

use criterion::{BatchSize, Criterion};

use crate::support;

pub(crate) fn benches(criterion: &mut Criterion) {
    let server = support::echo();
    let get = support::get();
    let mut group = criterion.benchmark_group("session");
    group.bench_function("open", |b| {
        b.iter_batched(
            || get.clone(),
            |get| server.open(get),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("drop", |b| {
        b.iter_batched(|| server.open(get.clone()), drop, BatchSize::SmallInput);
    });
    group.finish();
}
