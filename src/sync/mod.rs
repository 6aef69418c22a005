//! What runs side by side: std's and tokio's, but for the models of `.ci/model`, which must see each
//! step to try its orders.

#[cfg(all(test, shuttle))]
mod visible;

pub(crate) use std::sync::PoisonError;
#[cfg(not(all(test, shuttle)))]
pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

#[cfg(all(test, shuttle))]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
#[cfg(not(all(test, shuttle)))]
pub(crate) use tokio::sync::{Notify, Semaphore};

#[cfg(all(test, shuttle))]
pub(crate) use self::visible::{Notify, Semaphore, model};
