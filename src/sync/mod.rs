//! Synchronisation primitives: those of std and tokio, or shuttle's in the models of `.ci/model`. A model must
//! see each step of a thread to try different orders of steps.

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
