use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use tokio::sync::oneshot;

/// The answers that this node waits for.
#[derive(Default)]
pub(crate) struct Pending(Mutex<State>);

#[derive(Default)]
struct State {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Bytes>>,
}

impl Pending {
    /// Adds a place for one answer. Dropping the place removes it.
    pub(crate) fn enter(&self) -> Place<'_> {
        let (sender, reply) = oneshot::channel();
        let number = self.with(|state| {
            state.last += 1;
            state.waiting.insert(state.last, sender);
            state.last
        });
        Place {
            pending: self,
            number,
            reply,
        }
    }

    pub(crate) fn resolve(&self, number: u64, answer: Bytes) {
        if let Some(sender) = self.with(|state| state.waiting.remove(&number)) {
            let _ = sender.send(answer);
        }
    }

    /// Fails all waits, because no answer will come.
    pub(crate) fn fail_all(&self) {
        drop(self.with(|state| std::mem::take(&mut state.waiting)));
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) struct Place<'a> {
    pending: &'a Pending,
    pub(crate) number: u64,
    pub(crate) reply: oneshot::Receiver<Bytes>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        drop(
            self.pending
                .with(|state| state.waiting.remove(&self.number)),
        );
    }
}
