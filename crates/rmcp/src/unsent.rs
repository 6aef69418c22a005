use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use tokio::sync::Notify;

/// Counts the messages of rmcp that wait for room in the outbox. rmcp sends each message from its own task,
/// so without this count their number would not be bounded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unsent {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: AtomicUsize,
    /// How many messages have stopped waiting.
    done: AtomicUsize,
    changed: Notify,
}

/// One message that waits. Dropping the guard ends its wait.
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

    /// How many messages have stopped waiting so far. Pass the value to `moved`.
    pub(crate) fn done(&self) -> usize {
        self.shared.done.load(SeqCst)
    }

    /// Waits until no message waits, or until one message has stopped waiting since `done`. So a client that
    /// reads slowly continues, one message at a time, and a client that does not read is paused.
    pub(crate) async fn moved(&self, done: usize) {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            // Register first, then check, so that no change in between is missed.
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
    fn each_message_that_stops_waiting_lets_one_in() {
        let unsent = Unsent::default();
        let start = unsent.done();
        assert_ready!(task::spawn(unsent.moved(start)).poll());
        let [first, second] = [unsent.enter(), unsent.enter()];
        let mut moved = task::spawn(unsent.moved(start));
        assert_pending!(moved.poll());
        drop(first);
        assert!(moved.is_woken());
        assert_ready!(moved.poll());
        // A change is remembered even if nothing waited for it.
        assert_ready!(task::spawn(unsent.moved(start)).poll());

        let mut moved = task::spawn(unsent.moved(unsent.done()));
        assert_pending!(moved.poll());
        drop(second);
        assert_ready!(moved.poll());
        assert_ready!(task::spawn(unsent.moved(unsent.done())).poll());
    }
}
