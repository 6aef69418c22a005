//! The transport in memory, under thousands of random sequences of events.
//!
//! Each seed makes a configuration and a few dozen steps. Clients connect, post, read slowly or not at all,
//! and leave. Handlers return, panic, or drop their receivers. Sessions are closed, and other code sends and
//! broadcasts to them. Time passes, and a shutdown comes. Streams and `POST`s are polled by hand, only when
//! they were woken, with the clock paused. After each step, `World::check` compares the state with what must
//! hold.
//!
//! ```sh
//! cargo test --test simulation                    # the seeds that every run tries
//! SIM_SEEDS=100000 cargo test --test simulation   # more of them
//! SIM_SEED=42 cargo test --test simulation        # one of them, with its steps
//! ```

mod client;
mod handler;
mod world;

use std::{
    cell::RefCell,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Once,
};

use mcp_sse_server::handler::Spawned;

use self::{
    handler::{AskedFor, Logs},
    world::{Config, World},
};

/// How many seeds are tried by default.
const SEEDS: u64 = 2_000;

thread_local! {
    static STEPS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Records a step of a seed, to print it if the seed fails.
fn note(step: String) {
    STEPS.with_borrow_mut(|steps| steps.push(step));
}

fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.payload().is::<AskedFor>() {
                report(info);
            }
        }));
    });
}

fn run(seed: u64) -> usize {
    STEPS.with_borrow_mut(Vec::clear);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let mut random = fastrand::Rng::with_seed(seed);
    let config = Config::random(&mut random);
    let logs = Logs::default();
    let handler = handler::handler(logs.clone());
    let run = async {
        match config.spawned {
            true => {
                World::new(config, random, logs, Spawned::new(handler))
                    .run()
                    .await
            }
            false => World::new(config, random, logs, handler).run().await,
        }
    };
    // tokio refills the budget of a task when it yields. This task polls everything.
    runtime.block_on(tokio::task::unconstrained(run))
}

#[test]
fn every_seed_keeps_the_promises() {
    quiet_panics();
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse().unwrap());
    if let Some(seed) = number("SIM_SEED") {
        let result = catch_unwind(AssertUnwindSafe(|| run(seed)));
        STEPS.with_borrow(|steps| println!("{}", steps.join("\n")));
        if let Err(panic) = result {
            std::panic::resume_unwind(panic);
        }
        return;
    }
    let mut steps = 0;
    for seed in 0..number("SIM_SEEDS").unwrap_or(SEEDS) {
        match catch_unwind(AssertUnwindSafe(|| run(seed))) {
            Ok(more) => steps += more,
            Err(panic) => {
                STEPS.with_borrow(|steps| eprintln!("{}", steps.join("\n")));
                eprintln!("seed {seed} failed; SIM_SEED={seed} tries it again");
                std::panic::resume_unwind(panic);
            }
        }
    }
    println!("{steps} steps");
}
