use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_nats::Message;
use tokio::sync::oneshot;

/// The requests whose replies are waited for.
///
/// async-nats has requests of its own, but they keep a place in a map for each reply that never comes,
/// and they wait on when the connection is lost.
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
    /// A place for one reply, which is left when it is dropped.
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
            // Who waited may just have gone.
            let _ = sender.send(message);
        }
    }

    /// No reply will come any more.
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
    fn a_place_is_left_with_a_reply_and_without_one() {
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
