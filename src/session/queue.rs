use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

use tokio::sync::{SemaphorePermit, TryAcquireError};

use crate::{
    observe::{QueueMeter, Stamp},
    sync::{Mutex, MutexGuard, PoisonError, Semaphore},
};

/// How much a queue holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    /// The most items.
    pub(crate) items: usize,
    /// The most bytes that they may have together. One item that has more goes in alone.
    pub(crate) bytes: usize,
}

/// What a queue needs to know of an item.
pub(super) trait Weigh {
    /// Its bytes.
    fn weight(&self) -> usize;
}

/// A queue with many senders and one receiver, bounded in items and in bytes, which lies in one
/// allocation with its session.
///
/// tokio's semaphore counts the free room and does the waiting: first come, first served. A queue of
/// our own stands on it for three reasons that `tokio::sync::mpsc` cannot meet: it bounds bytes, an
/// empty queue holds no memory (mpsc holds a block of 32 places from its start), and the receiver can
/// take its waker back ([`disarm`](Self::disarm)), so that a stream that fills its own outbox does not
/// wake itself.
///
/// One semaphore serves for both bounds: its permits are bytes, and an item takes at least its share
/// of them, which is `bytes / items`.
pub(super) struct Queue<T> {
    free: Semaphore,
    budget: u32,
    least: u32,
    state: Mutex<State<T>>,
    meter: QueueMeter,
}

struct Slot<T> {
    item: T,
    /// What it takes of the room.
    permits: u32,
    since: Stamp,
}

struct State<T> {
    items: VecDeque<Slot<T>>,
    closed: bool,
    receiver: Option<Waker>,
}

/// What could not be put into a queue.
pub(super) enum PushError<T> {
    Full(T),
    Closed(T),
}

impl<T: Weigh> Queue<T> {
    pub(super) fn new(capacity: Capacity, meter: QueueMeter) -> Self {
        let most = Semaphore::MAX_PERMITS.min(u32::MAX as usize);
        let items = capacity.items.clamp(1, most);
        let least = capacity.bytes.div_ceil(items).clamp(1, most / items);
        let permits = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            free: Semaphore::new(least * items),
            budget: permits(least * items),
            least: permits(least),
            state: Mutex::new(State {
                items: VecDeque::new(),
                closed: false,
                receiver: None,
            }),
            meter,
        }
    }

    fn permits(&self, item: &T) -> u32 {
        let weight = u32::try_from(item.weight()).unwrap_or(u32::MAX);
        weight.clamp(self.least, self.budget)
    }

    pub(super) fn try_push(&self, item: T) -> Result<(), PushError<T>> {
        let permits = self.permits(&item);
        match self.free.try_acquire_many(permits) {
            Ok(room) => self.fill(room, permits, item).map_err(PushError::Closed),
            Err(TryAcquireError::NoPermits) => Err(PushError::Full(item)),
            Err(TryAcquireError::Closed) => Err(PushError::Closed(item)),
        }
    }

    /// Waits for room. Gives the item back if the queue is closed. Dropped before that, the item is not
    /// in the queue.
    pub(super) async fn push(&self, item: T) -> Result<(), T> {
        let item = match self.try_push(item) {
            Ok(()) => return Ok(()),
            Err(PushError::Closed(item)) => return Err(item),
            Err(PushError::Full(item)) => item,
        };
        let permits = self.permits(&item);
        match self.free.acquire_many(permits).await {
            Ok(room) => self.fill(room, permits, item),
            Err(_closed) => Err(item),
        }
    }

    fn fill(&self, room: SemaphorePermit<'_>, permits: u32, item: T) -> Result<(), T> {
        let mut state = self.lock();
        if state.closed {
            return Err(item);
        }
        state.items.push_back(self.slot(item, permits));
        let receiver = state.receiver.take();
        drop(state);
        // The room is given back when the item is taken out.
        room.forget();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Ok(())
    }

    /// Takes the first item, or nothing if there is none.
    pub(super) fn pop(&self) -> Option<T> {
        let slot = self.lock().items.pop_front()?;
        Some(self.take(slot))
    }

    fn slot(&self, item: T, permits: u32) -> Slot<T> {
        let since = self.meter.put(|| item.weight());
        Slot {
            item,
            permits,
            since,
        }
    }

    fn take(&self, slot: Slot<T>) -> T {
        self.free.add_permits(slot.permits as usize);
        self.meter.taken(slot.since, || slot.item.weight());
        slot.item
    }

    /// Takes the first item, or leaves a waker for the next one. `None` once the queue is closed and
    /// empty.
    pub(super) fn poll_pop(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut state = self.lock();
        if let Some(slot) = state.items.pop_front() {
            drop(state);
            return Poll::Ready(Some(self.take(slot)));
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

    /// Takes back the waker that the last `poll_pop` left, and says whether the queue is still open.
    pub(super) fn disarm(&self) -> bool {
        let mut state = self.lock();
        let receiver = state.receiver.take();
        let open = !state.closed;
        drop(state);
        drop(receiver);
        open
    }

    /// Puts an item in past every bound, if the queue is open. For the few that must not wait.
    pub(super) fn force(&self, item: T) {
        let mut state = self.lock();
        if !state.closed {
            state.items.push_back(self.slot(item, 0));
        }
    }

    /// Lets nothing more in and wakes all who wait on either side. What is in stays, to be taken out.
    pub(super) fn close(&self) {
        self.close_locked(self.lock());
    }

    fn close_locked(&self, mut state: MutexGuard<'_, State<T>>) {
        if std::mem::replace(&mut state.closed, true) {
            return;
        }
        let receiver = state.receiver.take();
        drop(state);
        self.free.close();
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }

    /// Closes, and drops what is in. Says how many items that were.
    pub(super) fn discard(&self) -> usize {
        let mut state = self.lock();
        let items = std::mem::take(&mut state.items);
        self.close_locked(state);
        self.meter.dropped(items.len(), || weight_of(&items));
        items.len()
    }

    /// How many items wait, and how many bytes they have.
    pub(super) fn depth(&self) -> (usize, usize) {
        let state = self.lock();
        (state.items.len(), weight_of(&state.items))
    }

    /// A waker's own code may panic while it is cloned under the lock; the state is whole even then.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn weight_of<T: Weigh>(items: &VecDeque<Slot<T>>) -> usize {
    items.iter().map(|slot| slot.item.weight()).sum()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio_test::{assert_pending, assert_ready, assert_ready_eq, task};

    use super::*;

    /// Items of no weight, unless they say so.
    impl Weigh for i32 {
        fn weight(&self) -> usize {
            0
        }
    }

    impl Weigh for Arc<()> {
        fn weight(&self) -> usize {
            0
        }
    }

    impl Weigh for String {
        fn weight(&self) -> usize {
            self.len()
        }
    }

    fn items<T: Weigh>(items: usize) -> Queue<T> {
        Queue::new(Capacity { items, bytes: 100 }, QueueMeter::none())
    }

    fn pop<'a, T: Weigh>(queue: &'a Queue<T>) -> task::Spawn<impl Future<Output = Option<T>> + 'a> {
        task::spawn(std::future::poll_fn(|cx| queue.poll_pop(cx)))
    }

    #[test]
    fn items_come_out_in_the_order_in_which_they_went_in() {
        let queue = items(3);
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
        let queue = items(1);
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
        let queue = items(1);
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
        let queue = items(4);
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
        let queue = items(1);
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
        assert!(!queue.disarm());
    }

    #[test]
    fn discarding_drops_what_is_in() {
        let queue = items(1);
        let item = Arc::new(());
        assert!(queue.try_push(Arc::clone(&item)).is_ok());
        queue.discard();
        assert_eq!(Arc::strong_count(&item), 1);
        assert_ready!(pop(&queue).poll()).ok_or(()).unwrap_err();
    }

    #[test]
    fn items_take_their_bytes_and_one_beyond_all_goes_in_alone() {
        let capacity = Capacity {
            items: 10,
            bytes: 100,
        };
        let queue = Queue::new(capacity, QueueMeter::none());
        let weight = |len| "x".repeat(len);
        assert!(queue.try_push(weight(60)).is_ok());
        assert!(matches!(
            queue.try_push(weight(41)),
            Err(PushError::Full(_))
        ));
        assert!(queue.try_push(weight(40)).is_ok());
        assert!(matches!(queue.try_push(weight(0)), Err(PushError::Full(_))));
        assert_eq!(queue.depth(), (2, 100));
        let mut huge = task::spawn(queue.push(weight(1000)));
        assert_pending!(huge.poll());
        queue.pop().unwrap();
        assert!(!huge.is_woken(), "it waits for all the room");
        queue.pop().unwrap();
        assert_ready!(huge.poll()).unwrap();
        assert!(matches!(queue.try_push(weight(0)), Err(PushError::Full(_))));
        assert_eq!(queue.pop().unwrap().len(), 1000);
        for _ in 0..10 {
            assert!(queue.try_push(weight(0)).is_ok());
        }
        assert!(matches!(queue.try_push(weight(0)), Err(PushError::Full(_))));
    }
}
