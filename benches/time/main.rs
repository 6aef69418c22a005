//! What the crate's work costs in time, one topic a file. `cargo bench --bench time` measures all,
//! `cargo bench --bench time -- parse` one; `cargo test --bench time` runs each once.
//!
//! All is in memory, called and polled by hand: there is no server and no socket in it.

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
    // The timers of streams run as they do in a server.
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
