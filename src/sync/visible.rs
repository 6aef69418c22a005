//! tokio's primitives with a step before each call, at which shuttle can switch threads. Each call counts as one
//! step, because tokio has its own models for the inside.

use shuttle::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{AcquireError, SemaphorePermit, TryAcquireError, futures::Notified};

#[derive(Debug, Default)]
struct Step(AtomicUsize);

impl Step {
    fn take(&self) {
        self.0.load(Ordering::SeqCst);
    }
}

#[derive(Debug, Default)]
pub(crate) struct Notify {
    step: Step,
    notify: tokio::sync::Notify,
}

impl Notify {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn notified(&self) -> Notified<'_> {
        self.step.take();
        self.notify.notified()
    }

    pub(crate) fn notify_one(&self) {
        self.step.take();
        self.notify.notify_one();
    }

    pub(crate) fn notify_waiters(&self) {
        self.step.take();
        self.notify.notify_waiters();
    }
}

#[derive(Debug)]
pub(crate) struct Semaphore {
    step: Step,
    semaphore: tokio::sync::Semaphore,
}

impl Semaphore {
    pub(crate) const MAX_PERMITS: usize = tokio::sync::Semaphore::MAX_PERMITS;

    pub(crate) fn new(permits: usize) -> Self {
        Self {
            step: Step::default(),
            semaphore: tokio::sync::Semaphore::new(permits),
        }
    }

    pub(crate) fn try_acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, TryAcquireError> {
        self.step.take();
        self.semaphore.try_acquire_many(n)
    }

    pub(crate) async fn acquire_many(&self, n: u32) -> Result<SemaphorePermit<'_>, AcquireError> {
        self.step.take();
        self.semaphore.acquire_many(n).await
    }

    pub(crate) fn add_permits(&self, n: usize) {
        self.step.take();
        self.semaphore.add_permits(n);
    }

    pub(crate) fn close(&self) {
        self.step.take();
        self.semaphore.close();
    }
}

/// Runs a model in many random orders of its threads, and in the same number of orders of shuttle's PCT
/// scheduler, which finds deep bugs sooner.
pub(crate) fn model(model: fn()) {
    let orders = std::env::var("MODEL_ORDERS").map_or(5_000, |orders| orders.parse().unwrap());
    // Timers need a runtime. None of them fires.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    shuttle::check_random(model, orders);
    shuttle::check_pct(model, orders, 3);
}
