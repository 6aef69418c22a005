use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::sync::Notify;

/// How many messages of rmcp wait for room in the outbox. rmcp waits for each in a task of its own, so
/// that nothing but this count holds it back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsent {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicUsize,
    /// How many have waited, and wait no more.
    done: AtomicUsize,
    changed: Notify,
}

/// One message that waits. Dropping it says that it waits no more.
#[derive(Debug)]
pub(crate) struct Waiting {
    shared: Arc<Shared>,
}

impl Unsent {
    pub(crate) fn enter(&self) -> Waiting {
        self.shared.waiting.fetch_add(1, SeqCst);
        Waiting {
            shared: Arc::clone(&self.shared),
        }
    }

    /// How many have waited so far, to be given to `moved`.
    pub(crate) fn done(&self) -> usize {
        self.shared.done.load(SeqCst)
    }

    /// Waits until no message waits, or one has gone out since `done`. So a client that reads nothing is
    /// told from one that reads all that a busy server has to say.
    pub(crate) async fn moved(&self, done: usize) {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            // Listen first, look then: what changes between the two is not missed.
            changed.as_mut().enable();
            if self.shared.waiting.load(SeqCst) == 0 || self.done() != done {
                return;
            }
            changed.await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.done.fetch_add(1, SeqCst);
        self.shared.waiting.fetch_sub(1, SeqCst);
        self.shared.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    #[test]
    fn one_that_goes_out_lets_one_in() {
        let unsent = Unsent::default();
        let start = unsent.done();
        assert_ready!(task::spawn(unsent.moved(start)).poll());
        let [first, second] = [unsent.enter(), unsent.enter()];
        let mut moved = task::spawn(unsent.moved(start));
        assert_pending!(moved.poll());
        drop(first);
        assert!(moved.is_woken());
        assert_ready!(moved.poll());
        // Seen or not, it is not forgotten.
        assert_ready!(task::spawn(unsent.moved(start)).poll());

        let mut moved = task::spawn(unsent.moved(unsent.done()));
        assert_pending!(moved.poll());
        drop(second);
        assert_ready!(moved.poll());
        assert_ready!(task::spawn(unsent.moved(unsent.done())).poll());
    }
}
