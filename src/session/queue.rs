use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};

/// A bounded queue with many senders and one receiver, which lie in one allocation with their session.
///
/// tokio's semaphore counts the free places and does the waiting: first come, first served. A queue
/// of our own stands on it for two reasons that `tokio::sync::mpsc` cannot meet: an empty queue holds
/// no memory (mpsc holds a block of 32 places from its start), and the receiver can take its waker
/// back ([`disarm`](Self::disarm)), so that a stream that fills its own outbox does not wake itself.
pub(super) struct Queue<T> {
    free: Semaphore,
    state: Mutex<State<T>>,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
    receiver: Option<Waker>,
}

/// What could not be put into a queue.
pub(super) enum PushError<T> {
    Full(T),
    Closed(T),
}

impl<T> Queue<T> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            free: Semaphore::new(capacity),
            state: Mutex::new(State {
                items: VecDeque::new(),
                closed: false,
                receiver: None,
            }),
        }
    }

    pub(super) fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        match self.free.try_acquire() {
            Ok(place) => self.fill(place, item).map_err(PushError::Closed),
            Err(TryAcquireError::NoPermits) => Err(PushError::Full(item)),
            Err(TryAcquireError::Closed) => Err(PushError::Closed(item)),
        }
    }

    /// Waits for a free place. Gives the item back if the queue is closed. Dropped before that, the
    /// item is not in the queue.
    pub(super) async fn push(&self, item: T) -> Result<(), T> {
        let item = match self.try_push(item) {
            Ok(()) => return Ok(()),
            Err(PushError::Closed(item)) => return Err(item),
            Err(PushError::Full(item)) => item,
        };
        match self.free.acquire().await {
            Ok(place) => self.fill(place, item),
            Err(_closed) => Err(item),
        }
    }

    fn fill(&self, place: SemaphorePermit<'_>, item: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.items.push_back(item);
        let receiver = state.receiver.take();
        drop(state);
        // The place is given back when the item is taken out.
        place.forget();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Ok(())
    }

    /// Takes the first item, or nothing if there is none.
    pub(super) fn pop(&self) -> Option<T> {
        let item = self.lock().items.pop_front()?;
        self.free.add_permits(1);
        Some(item)
    }

    /// Takes the first item, or leaves a waker for the next one. `None` once the queue is closed and
    /// empty.
    pub(super) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.lock();
        if let Some(item) = state.items.pop_front() {
            drop(state);
            self.free.add_permits(1);
            return Poll::Ready(Some(item));
        }
        if state.closed {
            return Poll::Ready(None);
        }
        match &mut state.receiver {
            Some(receiver) => receiver.clone_from(cx.waker()),
            receiver => *receiver = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Takes back the waker that the last `poll_pop` left.
    pub(super) fn disarm(&self) {
        let receiver = self.lock().receiver.take();
        drop(receiver);
    }

    /// Lets nothing more in and wakes all who wait on either side. What is in stays, to be taken out.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let receiver = state.receiver.take();
        drop(state);
        self.free.close();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }

    /// Closes, and drops what is in.
    pub(super) fn discard(&self) {
        self.close();
        let items = std::mem::take(&mut self.lock().items);
        drop(items);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// A waker's own code may panic while it is cloned under the lock; the state is whole even then.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_test::{assert_pending, assert_ready, assert_ready_eq, task};

    use super::*;

    fn pop<'a, T>(queue: &'a Queue<T>) -> task::Spawn<impl Future<Output = Option<T>> + 'a> {
        task::spawn(std::future::poll_fn(|cx| queue.poll_pop(cx)))
    }

    #[test]
    fn items_come_out_in_the_order_in_which_they_went_in() {
        let queue = Queue::new(3);
        for item in 0..3 {
            assert!(queue.try_push(item).is_ok());
        }
        assert!(matches!(queue.try_push(3), Err(PushError::Full(3))));
        assert_ready_eq!(pop(&queue).poll(), Some(0));
        assert_eq!(queue.pop(), Some(1));
        assert!(queue.try_push(3).is_ok());
        assert_eq!(
            [queue.pop(), queue.pop(), queue.pop()],
            [Some(2), Some(3), None]
        );
    }

    #[test]
    fn a_full_queue_lets_waiters_in_one_by_one() {
        let queue = Queue::new(1);
        assert!(queue.try_push(0).is_ok());
        let mut first = task::spawn(queue.push(1));
        let mut second = task::spawn(queue.push(2));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        assert_eq!(queue.pop(), Some(0));
        assert!(first.is_woken() && !second.is_woken());
        assert!(
            matches!(queue.try_push(3), Err(PushError::Full(3))),
            "nobody overtakes"
        );
        assert_ready!(first.poll()).unwrap();
        assert_eq!(queue.pop(), Some(1));
        assert_ready!(second.poll()).unwrap();
        assert_eq!(queue.pop(), Some(2));
    }

    #[test]
    fn a_waiter_that_is_dropped_leaves_its_place_to_the_next() {
        let queue = Queue::new(1);
        assert!(queue.try_push(0).is_ok());
        let mut dropped = task::spawn(queue.push(1));
        let mut next = task::spawn(queue.push(2));
        assert_pending!(dropped.poll());
        assert_pending!(next.poll());
        assert_eq!(queue.pop(), Some(0));
        drop(dropped);
        assert!(next.is_woken());
        assert_ready!(next.poll()).unwrap();
        assert_eq!(queue.pop(), Some(2));
    }

    #[test]
    fn a_push_wakes_the_receiver_once_unless_it_disarmed() {
        let queue = Queue::new(4);
        let mut receiver = pop(&queue);
        assert_pending!(receiver.poll());
        assert!(queue.try_push(0).is_ok());
        assert!(receiver.is_woken());
        assert_ready_eq!(receiver.poll(), Some(0));

        let mut receiver = pop(&queue);
        assert_pending!(receiver.poll());
        queue.disarm();
        assert!(queue.try_push(1).is_ok());
        assert!(!receiver.is_woken());
        assert_ready_eq!(receiver.poll(), Some(1));
    }

    #[test]
    fn closing_wakes_both_sides_and_keeps_what_is_in() {
        let queue = Queue::new(1);
        let mut receiver = pop(&queue);
        assert_pending!(receiver.poll());
        assert!(queue.try_push(0).is_ok());
        let mut sender = task::spawn(queue.push(1));
        assert_pending!(sender.poll());
        queue.close();
        assert!(receiver.is_woken() && sender.is_woken());
        assert_eq!(assert_ready!(sender.poll()), Err(1));
        assert!(matches!(queue.try_push(2), Err(PushError::Closed(2))));
        assert_ready_eq!(receiver.poll(), Some(0));
        assert_ready_eq!(pop(&queue).poll(), None);
        assert!(queue.is_closed());
    }

    #[test]
    fn discarding_drops_what_is_in() {
        let queue = Queue::new(1);
        let item = Arc::new(());
        assert!(queue.try_push(Arc::clone(&item)).is_ok());
        queue.discard();
        assert_eq!(Arc::strong_count(&item), 1);
        assert_ready!(pop(&queue).poll()).ok_or(()).unwrap_err();
    }
}
