//! Looking up, opening and dropping sessions among many others, from one thread and from two.
//!
//! The cost of a look-up and of a session must not grow with the number of sessions. `.ci/instructions` checks
//! this in instructions, and these benchmarks show it in time. Most of many sessions are not in the CPU cache:
//! `look up one` measures the table, and `look up each` also measures the memory.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use criterion::{BenchmarkId, Criterion};
use mcp_sse_testkit::{handlers::send_back, polled::Server, requests};
use tokio::runtime::Handle;

pub(crate) fn benches(criterion: &mut Criterion, runtime: &Handle) {
    let mut group = criterion.benchmark_group("registry");
    for sessions in [1, 1_000, 100_000] {
        let server = Server::with(send_back, |transport| transport.max_sessions(usize::MAX));
        let streams = server.streams(sessions);
        let ids: Vec<_> = streams.iter().map(|stream| stream.id()).collect();
        let get = requests::python_get();
        let look_up_one = |_thread: usize, times: u64| {
            for _ in 0..times {
                assert!(server.sessions.get(&ids[0]).is_some());
            }
        };
        let look_up_each = |thread: usize, times: u64| {
            // Each thread starts at another session.
            let (last, first) = ids.split_at(thread * sessions / 2);
            for (id, _) in first.iter().chain(last).cycle().zip(0..times) {
                assert!(server.sessions.get(id).is_some());
            }
        };
        let churn = |_thread: usize, times: u64| {
            for _ in 0..times {
                drop(server.begin(get.clone()));
            }
        };
        let operations: [(_, &Operation<'_>); 3] = [
            ("look up one", &look_up_one),
            ("look up each", &look_up_each),
            ("open and drop", &churn),
        ];
        for (name, operation) in operations {
            for threads in [1, 2] {
                let among = format!("{sessions} sessions, from {threads}");
                group.bench_function(BenchmarkId::new(name, among), |b| {
                    b.iter_custom(|times| {
                        at_once(threads, runtime, |thread| operation(thread, times))
                    });
                });
            }
        }
    }
    group.finish();
}

/// What a thread does: its number, and how many times.
type Operation<'a> = dyn Fn(usize, u64) + Sync + 'a;

/// The time of the slowest thread.
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
