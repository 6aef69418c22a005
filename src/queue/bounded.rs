use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

use tokio::sync::{SemaphorePermit, TryAcquireError};

use crate::{
    caught::caught,
    sync::{Mutex, MutexGuard, PoisonError, Semaphore},
};

/// The bounds of a queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// The largest number of items.
    pub(crate) items: usize,
    /// The largest sum of the items' weights in bytes. A heavier item is accepted when the queue is empty.
    pub(crate) bytes: usize,
}

/// A queue with many senders and one receiver, bounded in items and in bytes.
///
/// tokio's semaphore counts the free room, and senders wait in order. `tokio::sync::mpsc` does not fit,
/// for three reasons. It does not bound bytes. An empty channel allocates a block of 32 places. Its
/// receiver cannot remove its waker ([`disarm`](Self::disarm)), so a stream whose handler sends during
/// its own poll would wake itself.
///
/// One semaphore enforces both bounds. Its permits are bytes, and an item takes at least
/// `bytes / items` permits.
///
/// Wakers are cloned, run and dropped, and items are dropped, without the lock.
pub(crate) struct Queue<T> {
    free: Semaphore,
    total: u32,
    least: u32,
    state: Mutex<State<T>>,
}

struct State<T> {
    items: VecDeque<Slot<T>>,
    is_closed: bool,
    /// Kept after `disarm`, so that it is not cloned again.
    receiver: Option<Waker>,
    /// Whether the receiver waits for an item.
    is_awaited: bool,
}

struct Slot<T> {
    item: T,
    weight: u32,
}

/// An item that a queue did not take.
pub(crate) enum PushError<T> {
    /// The queue has no room now.
    Full(T),
    /// The queue is closed, or its door refused the item.
    Closed(T),
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: Capacity) -> Self {
        let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
        let items = capacity.items.clamp(1, most);
        let least = capacity.bytes.div_ceil(items).clamp(1, most / items);
        let permits = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            free: Semaphore::new(least * items),
            total: permits(least * items),
            least: permits(least),
            state: Mutex::new(State {
                items: VecDeque::new(),
                is_closed: false,
                receiver: None,
                is_awaited: false,
            }),
        }
    }

    /// Adds an item of `weight` bytes, if there is room and `admit` returns true. `admit` runs under the
    /// lock of the queue: nobody can take the item before it returns, and it is not called if the queue does
    /// not take the item.
    #[inline]
    pub(crate) fn try_push(
        &self,
        item: T,
        weight: u32,
        admit: impl FnOnce(&T) -> bool,
    ) -> Result<(), PushError<T>> {
        match self.free.try_acquire_many(self.permits(weight)) {
            Ok(room) => self
                .fill(room, item, weight, admit)
                .map_err(PushError::Closed),
            Err(TryAcquireError::NoPermits) => Err(PushError::Full(item)),
            Err(TryAcquireError::Closed) => Err(PushError::Closed(item)),
        }
    }

    /// As `try_push`, and waits for room. Returns the item if the queue is closed or `admit` returns false.
    /// If the future is dropped before it completes, the item is not in the queue.
    pub(crate) async fn push(
        &self,
        item: T,
        weight: u32,
        admit: impl FnOnce(&T) -> bool,
    ) -> Result<(), T> {
        match self.free.acquire_many(self.permits(weight)).await {
            Ok(room) => self.fill(room, item, weight, admit),
            Err(_closed) => Err(item),
        }
    }

    #[inline]
    fn fill(
        &self,
        room: SemaphorePermit<'_>,
        item: T,
        weight: u32,
        admit: impl FnOnce(&T) -> bool,
    ) -> Result<(), T> {
        let mut state = self.lock();
        if state.is_closed || !admit(&item) {
            return Err(item);
        }
        state.items.push_back(Slot { item, weight });
        let receiver = state.awaited();
        drop(state);
        // `take` adds the permits back.
        room.forget();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Ok(())
    }

    /// Takes the first item, with its weight.
    #[inline]
    pub(crate) fn pop(&self) -> Option<(T, u32)> {
        let slot = self.lock().items.pop_front()?;
        Some(self.take(slot))
    }

    fn take(&self, slot: Slot<T>) -> (T, u32) {
        let Slot { item, weight } = slot;
        self.free.add_permits(self.permits(weight) as usize);
        (item, weight)
    }

    /// Takes the first item, or stores the waker for the next item. `None` if the queue is closed and
    /// empty.
    #[inline]
    pub(crate) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<(T, u32)>> {
        let mut waker = None;
        loop {
            let mut state = self.lock();
            if let Some(slot) = state.items.pop_front() {
                drop(state);
                return Poll::Ready(Some(self.take(slot)));
            }
            if state.is_closed {
                return Poll::Ready(None);
            }
            if matches!(&state.receiver, Some(receiver) if receiver.will_wake(cx.waker())) {
                state.is_awaited = true;
                return Poll::Pending;
            }
            // The clone is code of the runtime, so it is made without the lock.
            if waker.is_some() {
                let replaced = std::mem::replace(&mut state.receiver, waker);
                state.is_awaited = true;
                drop(state);
                drop(replaced);
                return Poll::Pending;
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    /// The receiver is not woken before its next `poll_pop`. Returns whether the queue is open.
    #[inline]
    pub(crate) fn disarm(&self) -> bool {
        let mut state = self.lock();
        state.is_awaited = false;
        !state.is_closed
    }

    /// Closes the queue for senders, and wakes the receiver and all waiting senders. Items in the queue
    /// can still be taken.
    pub(crate) fn close(&self) {
        self.close_locked(self.lock());
    }

    fn close_locked(&self, mut state: MutexGuard<'_, State<T>>) {
        if std::mem::replace(&mut state.is_closed, true) {
            return;
        }
        let awaited = state.awaited();
        // The waker may hold the task that holds this queue. It is dropped at the end, without the lock.
        let _kept = state.receiver.take();
        drop(state);
        self.free.close();
        if let Some(receiver) = awaited {
            receiver.wake();
        }
    }

    /// Closes the queue and drops its items. Returns their number and the sum of their weights.
    pub(crate) fn discard(&self) -> (usize, usize) {
        let mut state = self.lock();
        if state.items.is_empty() {
            self.close_locked(state);
            return (0, 0);
        }
        let items = std::mem::take(&mut state.items);
        self.close_locked(state);
        let depth = depth_of(&items);
        // Each alone: an item may hold code of others, which may panic.
        for item in items {
            caught(|| drop(item));
        }
        depth
    }

    /// Whether the receiver waits for an item. The queue is empty then.
    pub(crate) fn is_awaited(&self) -> bool {
        self.lock().is_awaited
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().items.is_empty()
    }

    /// The number of items in the queue, and the sum of their weights.
    pub(crate) fn depth(&self) -> (usize, usize) {
        depth_of(&self.lock().items)
    }

    fn permits(&self, weight: u32) -> u32 {
        weight.clamp(self.least, self.total)
    }

    /// Ignores poison: the state is consistent whenever code runs that can panic.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// The waker of a receiver that waits.
    #[inline]
    fn awaited(&mut self) -> Option<Waker> {
        match std::mem::take(&mut self.is_awaited) {
            true => self.receiver.take(),
            false => None,
        }
    }
}

fn depth_of<T>(items: &VecDeque<Slot<T>>) -> (usize, usize) {
    let bytes = items.iter().map(|slot| slot.weight as usize).sum();
    (items.len(), bytes)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_test::{assert_pending, assert_ready, assert_ready_eq, task};

    use super::*;

    /// Admits any item.
    fn any<T>(_: &T) -> bool {
        true
    }

    fn item<T>((item, _weight): (T, u32)) -> T {
        item
    }

    fn items<T>(items: usize) -> Queue<T> {
        Queue::new(Capacity { items, bytes: 100 })
    }

    fn pop<'a, T>(queue: &'a Queue<T>) -> task::Spawn<impl Future<Output = Option<T>> + 'a> {
        let next = |cx: &mut Context<'_>| queue.poll_pop(cx).map(|popped| popped.map(item));
        task::spawn(std::future::poll_fn(next))
    }

    #[test]
    fn items_come_out_in_the_order_in_which_they_went_in() {
        let queue = items(3);
        for item in 0..3 {
            assert!(queue.try_push(item, 0, any).is_ok());
        }
        assert!(matches!(queue.try_push(3, 0, any), Err(PushError::Full(3))));
        assert_ready_eq!(pop(&queue).poll(), Some(0));
        assert_eq!(queue.pop().map(item), Some(1));
        assert!(queue.try_push(3, 0, any).is_ok());
        assert_eq!(
            [queue.pop(), queue.pop(), queue.pop()].map(|popped| popped.map(item)),
            [Some(2), Some(3), None]
        );
    }

    #[test]
    fn a_full_queue_lets_waiters_in_one_by_one() {
        let queue = items(1);
        assert!(queue.try_push(0, 0, any).is_ok());
        let mut first = task::spawn(queue.push(1, 0, any));
        let mut second = task::spawn(queue.push(2, 0, any));
        assert_pending!(first.poll());
        assert_pending!(second.poll());
        assert_eq!(queue.pop().map(item), Some(0));
        assert!(first.is_woken() && !second.is_woken());
        assert!(
            matches!(queue.try_push(3, 0, any), Err(PushError::Full(3))),
            "a new sender does not overtake a waiting one"
        );
        assert_ready!(first.poll()).unwrap();
        assert_eq!(queue.pop().map(item), Some(1));
        assert_ready!(second.poll()).unwrap();
        assert_eq!(queue.pop().map(item), Some(2));
    }

    #[test]
    fn a_waiter_that_is_dropped_leaves_its_place_to_the_next() {
        let queue = items(1);
        assert!(queue.try_push(0, 0, any).is_ok());
        let mut dropped = task::spawn(queue.push(1, 0, any));
        let mut next = task::spawn(queue.push(2, 0, any));
        assert_pending!(dropped.poll());
        assert_pending!(next.poll());
        assert_eq!(queue.pop().map(item), Some(0));
        drop(dropped);
        assert!(next.is_woken());
        assert_ready!(next.poll()).unwrap();
        assert_eq!(queue.pop().map(item), Some(2));
    }

    #[test]
    fn a_push_wakes_the_receiver_unless_it_was_disarmed() {
        let queue = items(4);
        let mut receiver = pop(&queue);
        assert_pending!(receiver.poll());
        assert!(queue.try_push(0, 0, any).is_ok());
        assert!(receiver.is_woken());
        assert_ready_eq!(receiver.poll(), Some(0));

        let mut receiver = pop(&queue);
        assert_pending!(receiver.poll());
        queue.disarm();
        assert!(queue.try_push(1, 0, any).is_ok());
        assert!(!receiver.is_woken());
        assert_ready_eq!(receiver.poll(), Some(1));
    }

    #[test]
    fn closing_wakes_both_sides_and_keeps_the_items() {
        let queue = items(1);
        let mut receiver = pop(&queue);
        assert_pending!(receiver.poll());
        assert!(queue.try_push(0, 0, any).is_ok());
        let mut sender = task::spawn(queue.push(1, 0, any));
        assert_pending!(sender.poll());
        queue.close();
        assert!(receiver.is_woken() && sender.is_woken());
        assert_eq!(assert_ready!(sender.poll()), Err(1));
        assert!(matches!(
            queue.try_push(2, 0, any),
            Err(PushError::Closed(2))
        ));
        assert_ready_eq!(receiver.poll(), Some(0));
        assert_ready_eq!(pop(&queue).poll(), None);
        assert!(!queue.disarm());
    }

    #[test]
    fn discarding_drops_the_items() {
        let queue = items(1);
        let item = Arc::new(());
        assert!(queue.try_push(Arc::clone(&item), 0, any).is_ok());
        queue.discard();
        assert_eq!(Arc::strong_count(&item), 1);
        assert_ready!(pop(&queue).poll()).ok_or(()).unwrap_err();
    }

    #[test]
    fn items_take_their_bytes_and_an_item_over_the_bound_waits_for_an_empty_queue() {
        let capacity = Capacity {
            items: 10,
            bytes: 100,
        };
        let queue = Queue::new(capacity);
        assert!(queue.try_push(60, 60, any).is_ok());
        assert!(matches!(
            queue.try_push(41, 41, any),
            Err(PushError::Full(_))
        ));
        assert!(queue.try_push(40, 40, any).is_ok());
        assert!(matches!(queue.try_push(0, 0, any), Err(PushError::Full(_))));
        assert_eq!(queue.depth(), (2, 100));
        let mut huge = task::spawn(queue.push(1000, 1000, any));
        assert_pending!(huge.poll());
        queue.pop().unwrap();
        assert!(!huge.is_woken(), "it waits for an empty queue");
        queue.pop().unwrap();
        assert_ready!(huge.poll()).unwrap();
        assert!(matches!(queue.try_push(0, 0, any), Err(PushError::Full(_))));
        assert_eq!(item(queue.pop().unwrap()), 1000);
        for _ in 0..10 {
            assert!(queue.try_push(0, 0, any).is_ok());
        }
        assert!(matches!(queue.try_push(0, 0, any), Err(PushError::Full(_))));
    }
}
