//! What the models of `.ci/model` must see to try its orders; std's everywhere else.

#[cfg(all(test, shuttle))]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
pub(crate) use std::sync::PoisonError;
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

/// Runs a model in many random orders of its threads, and in as many of those that find deep bugs
/// sooner. What is tokio's counts as one step: it is tested by tokio.
#[cfg(all(test, shuttle))]
pub(crate) fn model(model: fn()) {
    let orders = std::env::var("MODEL_ORDERS").map_or(20_000, |orders| orders.parse().unwrap());
    // For timers, none of which fires.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    shuttle::check_random(model, orders);
    shuttle::check_pct(model, orders, 3);
}
