use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_nats::Message;
use tokio::sync::oneshot;

/// The requests that wait for a reply.
///
/// The requests of async-nats are not used, because they keep a map entry for each reply that never comes, and
/// still wait after the connection is lost.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Message>>,
}

impl Pending {
    /// Adds an entry for one reply. Dropping the `Place` removes it.
    pub(crate) fn enter(&self) -> Place<'_> {
        let (sender, reply) = oneshot::channel();
        let mut state = self.lock();
        state.last += 1;
        let token = state.last;
        state.waiting.insert(token, sender);
        Place {
            pending: self,
            token,
            reply,
        }
    }

    pub(crate) fn resolve(&self, token: u64, message: Message) {
        let sender = self.lock().waiting.remove(&token);
        if let Some(sender) = sender {
            // The receiver may just have been dropped.
            let _ = sender.send(message);
        }
    }

    /// Fails all requests: no reply will come.
    pub(crate) fn fail_all(&self) {
        let waiting = std::mem::take(&mut self.lock().waiting);
        drop(waiting);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) struct Place<'a> {
    pending: &'a Pending,
    pub(crate) token: u64,
    pub(crate) reply: oneshot::Receiver<Message>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let sender = self.pending.lock().waiting.remove(&self.token);
        drop(sender);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_removed_with_and_without_a_reply() {
        let pending = Pending::default();
        let (gone, mut failed) = (pending.enter(), pending.enter());
        assert_ne!(gone.token, failed.token);
        drop(gone);
        assert_eq!(pending.lock().waiting.len(), 1);
        pending.fail_all();
        failed.reply.try_recv().unwrap_err();
        assert!(pending.lock().waiting.is_empty());
    }
}
