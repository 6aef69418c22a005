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
pub(super) struct Unsent {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    messages: AtomicUsize,
    none: Notify,
}

/// One message that waits. Dropping it says that it waits no more.
#[derive(Debug)]
pub(super) struct Waiting {
    shared: Arc<Shared>,
}

impl Unsent {
    pub(super) fn enter(&self) -> Waiting {
        self.shared.messages.fetch_add(1, SeqCst);
        Waiting {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Waits until no message waits.
    pub(super) async fn none(&self) {
        loop {
            let mut none = pin!(self.shared.none.notified());
            // Listen first, look then: the last to go between the two is not missed.
            none.as_mut().enable();
            if self.shared.messages.load(SeqCst) == 0 {
                return;
            }
            none.await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.shared.messages.fetch_sub(1, SeqCst) == 1 {
            self.shared.none.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    #[test]
    fn the_last_one_to_go_is_told() {
        let unsent = Unsent::default();
        assert_ready!(task::spawn(unsent.none()).poll());
        let [first, second] = [unsent.enter(), unsent.enter()];
        let mut none = task::spawn(unsent.none());
        assert_pending!(none.poll());
        drop(first);
        assert_pending!(none.poll());
        drop(second);
        assert!(none.is_woken());
        assert_ready!(none.poll());
    }
}
