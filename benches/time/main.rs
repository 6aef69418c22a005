//! Benchmarks of time, with one topic in each file. `cargo bench --bench time` runs all of them,
//! `cargo bench --bench time -- parse` runs one topic. `cargo test --bench time` runs each benchmark once.
//!
//! Everything runs in memory, called and polled by hand, without a server and without sockets.

mod broadcast;
mod encode;
mod open;
mod parse;
mod path;
mod registry;

use std::time::Duration;

use criterion::Criterion;
use mcp_sse_testkit::polled;

fn main() {
    // The timers of streams need a runtime.
    let runtime = polled::runtime();
    let _entered = runtime.enter();
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    parse::benches(&mut criterion);
    encode::benches(&mut criterion);
    path::benches(&mut criterion);
    open::benches(&mut criterion);
    registry::benches(&mut criterion, runtime.handle());
    broadcast::benches(&mut criterion);
    criterion.final_summary();
}
