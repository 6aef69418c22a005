//! Sessions are looked up, opened and dropped among others, from one thread and from two.
//!
//! What a lookup and a session cost must not grow with how many there are: `.ci/instructions` guards it
//! in instructions, this shows it in time, caches included.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion};
use tokio::runtime::Handle;

use crate::support;

pub(crate) fn benches(criterion: &mut Criterion, runtime: &Handle) {
    let mut group = criterion.benchmark_group("registry");
    for sessions in [1, 1_000, 100_000] {
        let server = support::echo();
        let streams = server.streams(sessions);
        let ids: Vec<_> = streams.iter().map(|stream| stream.id()).collect();
        let get = support::get();
        let look_up = |thread: usize, times: u64| {
            // Each thread begins elsewhere.
            let ids = ids.iter().cycle().skip(thread * sessions / 2);
            for (id, _) in ids.zip(0..times) {
                assert!(server.sessions.get(id).is_some());
            }
        };
        let churn = |_thread: usize, times: u64| {
            for _ in 0..times {
                drop(server.open(get.clone()));
            }
        };
        for threads in [1, 2] {
            let among = format!("{sessions} sessions, from {threads}");
            group.bench_function(BenchmarkId::new("look up", &among), |b| {
                b.iter_custom(|times| at_once(threads, runtime, |thread| look_up(thread, times)));
            });
            group.bench_function(BenchmarkId::new("open and drop", &among), |b| {
                b.iter_custom(|times| at_once(threads, runtime, |thread| churn(thread, times)));
            });
        }
    }
    group.finish();
}

/// How long the slowest of some threads takes.
fn at_once(threads: usize, runtime: &Handle, work: impl Fn(usize) + Sync) -> Duration {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|thread| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    let _entered = runtime.enter();
                    start.wait();
                    let start = Instant::now();
                    work(thread);
                    start.elapsed()
                })
            })
            .collect();
        let times = threads.into_iter().map(|thread| thread.join().unwrap());
        times.max().unwrap_or_default()
    })
}
