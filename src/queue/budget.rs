use std::pin::pin;

use crate::sync::{
    Notify, Semaphore,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// A fixed number of bytes. Takers take parts of it and give them back.
///
/// If a new part is not free, its taker waits in a queue, and only the first in the queue is woken. A
/// part that grows is served before new parts, because it gives back its bytes only after it has grown.
///
/// Taking free bytes costs one atomic operation. A semaphore with a permit for each byte would take a lock
/// each time bytes are given back. It is also FIFO: a part that grows would wait behind a new part that
/// needs the bytes it holds.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
    /// The number of new parts that wait.
    new: AtomicUsize,
    /// The number of growing parts that wait.
    growing: AtomicUsize,
    /// The first of the waiting new parts holds the permit.
    turn: Semaphore,
    freed: Notify,
    freed_to_grow: Notify,
    /// Notified when a part begins to wait and no other waits.
    wanted: Notify,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            used: AtomicUsize::new(0),
            new: AtomicUsize::new(0),
            growing: AtomicUsize::new(0),
            turn: Semaphore::new(1),
            freed: Notify::new(),
            freed_to_grow: Notify::new(),
            wanted: Notify::new(),
        }
    }

    /// Grows a part of `held` bytes to `bytes`, if they are free. A new part, which holds 0 bytes, fails
    /// while others wait. Returns the bytes that the part now holds: `bytes`, or the whole budget if it is
    /// smaller.
    pub(crate) fn try_grow(&self, held: usize, bytes: usize) -> Option<usize> {
        let must_wait = held == 0 && self.new.load(SeqCst) > 0;
        match must_wait {
            true => None,
            false => self.grow_free(held, bytes),
        }
    }

    fn grow_free(&self, held: usize, bytes: usize) -> Option<usize> {
        let bytes = bytes.min(self.total);
        let mut used = self.used.load(SeqCst);
        while bytes - held <= self.total - used {
            let now = used + bytes - held;
            match self.used.compare_exchange(used, now, SeqCst, SeqCst) {
                Ok(_) => return Some(bytes),
                Err(now) => used = now,
            }
        }
        None
    }

    /// As `try_grow`, and waits. If the future is dropped before it completes, nothing more is taken.
    pub(crate) async fn grow(&self, held: usize, bytes: usize) -> usize {
        // A waiting part is counted before it tries to take. So either it sees the bytes that another
        // thread gives back, or `give_back` sees the count and wakes it.
        if held == 0 {
            let _waiting = self.wait(&self.new);
            // The semaphore is never closed.
            let _turn = self.turn.acquire_many(1).await;
            loop {
                match self.grow_free(held, bytes) {
                    Some(held) => return held,
                    None => self.freed.notified().await,
                }
            }
        }
        let _waiting = self.wait(&self.growing);
        loop {
            let mut freed = pin!(self.freed_to_grow.notified());
            freed.as_mut().enable();
            match self.grow_free(held, bytes) {
                Some(held) => return held,
                None => freed.await,
            }
        }
    }

    fn wait<'a>(&self, count: &'a AtomicUsize) -> Waiting<'a> {
        let waiting = Waiting::new(count);
        self.wanted.notify_waiters();
        waiting
    }

    /// Whether a part waits for bytes.
    pub(crate) fn is_wanted(&self) -> bool {
        self.new.load(SeqCst) + self.growing.load(SeqCst) > 0
    }

    /// Waits until a part waits for bytes.
    pub(crate) async fn wanted(&self) {
        loop {
            let mut wanted = pin!(self.wanted.notified());
            // Register before reading the counts, so that a part that begins to wait between the two is not
            // missed.
            wanted.as_mut().enable();
            if self.is_wanted() {
                return;
            }
            wanted.await;
        }
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, SeqCst);
        if self.growing.load(SeqCst) > 0 {
            self.freed_to_grow.notify_waiters();
        }
        if self.new.load(SeqCst) > 0 {
            self.freed.notify_one();
        }
    }
}

/// Counts a waiting part until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    #[test]
    fn parts_are_given_out_in_order() {
        let budget = Budget::new(1_000);
        let held = budget.try_grow(0, 700).unwrap();
        let mut large = task::spawn(budget.grow(0, 800));
        let mut small = task::spawn(budget.grow(0, 100));
        assert_pending!(large.poll());
        assert_pending!(small.poll());
        assert!(
            budget.try_grow(0, 1).is_none(),
            "a new part does not overtake a waiting part"
        );
        budget.give_back(held);
        assert!(large.is_woken());
        assert_eq!(assert_ready!(large.poll()), 800);
        assert_eq!(assert_ready!(small.poll()), 100);
    }

    #[test]
    fn giving_back_wakes_only_parts_that_find_room() {
        let budget = Budget::new(10);
        let held = budget.try_grow(0, 10).unwrap();
        let take = || task::spawn(budget.grow(0, 5));
        let mut waiting: VecDeque<_> = (0..100).map(|_| take()).collect();
        for part in &mut waiting {
            assert_pending!(part.poll());
        }
        budget.give_back(held);
        // Each part passes the turn to the next when it has its bytes. The third finds no free bytes.
        for _ in 0..2 {
            let woken = waiting.iter().filter(|part| part.is_woken()).count();
            let mut first = waiting.pop_front().unwrap();
            assert!(woken == 1 && first.is_woken());
            assert_ready!(first.poll());
        }
        assert_pending!(waiting[0].poll());
        assert!(!waiting.iter().any(|part| part.is_woken()));
    }

    #[test]
    fn a_part_that_grows_is_served_before_new_parts() {
        let budget = Budget::new(1_000);
        let held = budget.try_grow(0, 700).unwrap();
        let mut new = task::spawn(budget.grow(0, 800));
        assert_pending!(new.poll());
        let held = budget.try_grow(held, 800).unwrap();
        let other = budget.try_grow(0, 100);
        assert!(other.is_none(), "a new part waits behind others");
        let mut growing = task::spawn(budget.grow(held, 1_100));
        assert_eq!(assert_ready!(growing.poll()), 1_000, "the whole budget");
        drop(growing);
        budget.give_back(1_000);
        assert_eq!(assert_ready!(new.poll()), 800);
        let small = budget.try_grow(0, 100).unwrap();
        let mut growing = task::spawn(budget.grow(small, 300));
        assert_pending!(growing.poll());
        budget.give_back(800);
        assert!(growing.is_woken());
        assert_eq!(assert_ready!(growing.poll()), 300);
        budget.give_back(300);
        assert_eq!(budget.used.load(SeqCst), 0);
    }

    #[test]
    fn a_part_that_is_dropped_while_it_waits_takes_nothing() {
        let budget = Budget::new(10);
        let held = budget.try_grow(0, 10).unwrap();
        let mut waiting = task::spawn(budget.grow(0, 4));
        assert_pending!(waiting.poll());
        budget.give_back(held);
        drop(waiting);
        assert_eq!(budget.try_grow(0, 10), Some(10));
    }

    #[test]
    fn a_part_that_waits_is_announced() {
        let budget = Budget::new(10);
        let held = budget.try_grow(0, 10).unwrap();
        let mut wanted = task::spawn(budget.wanted());
        assert_pending!(wanted.poll());
        let mut new = task::spawn(budget.grow(0, 1));
        assert_pending!(new.poll());
        assert!(wanted.is_woken());
        assert_ready!(wanted.poll());
        drop(new);
        assert!(!budget.is_wanted());
        let mut wanted = task::spawn(budget.wanted());
        assert_pending!(wanted.poll());
        budget.give_back(held);
        assert!(!wanted.is_woken());
        let held = budget.try_grow(0, 9).unwrap();
        let mut growing = task::spawn(budget.grow(held, 10));
        assert_ready!(growing.poll());
        assert!(!budget.is_wanted());
    }

    #[test]
    fn a_part_larger_than_the_budget_takes_the_whole_budget() {
        let budget = Budget::new(10);
        let small = budget.try_grow(0, 1).unwrap();
        assert!(budget.try_grow(0, usize::MAX).is_none());
        budget.give_back(small);
        let all = budget.try_grow(0, usize::MAX).unwrap();
        assert!(budget.try_grow(0, 1).is_none());
        budget.give_back(all);
        assert!(budget.try_grow(0, 10).is_some());
    }
}

/// Run by `.ci/model`.
#[cfg(all(test, shuttle))]
mod model {
    use std::{
        pin::pin,
        sync::Arc,
        task::{Context, Poll, Waker},
    };

    use shuttle::{future::block_on, thread};

    use super::*;

    /// The parts of different sizes are together larger than the budget. Each part gets its bytes in the
    /// end.
    fn parts_are_given_out() {
        let budget = Arc::new(Budget::new(4));
        let bodies = [(1, 2), (2, 2), (3, 1), (4, 0)].map(|(first, more)| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let first = block_on(budget.grow(0, first));
                thread::yield_now();
                // Grows without waiting, so that two parts cannot wait for each other.
                let grown = budget.try_grow(first, first + more);
                budget.give_back(grown.unwrap_or(first));
            })
        });
        {
            let mut dropped = pin!(budget.grow(0, 3));
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(taken) = dropped.as_mut().poll(&mut cx) {
                budget.give_back(taken);
            }
            thread::yield_now();
        }
        for body in bodies {
            body.join().unwrap();
        }
        assert!(budget.try_grow(0, 4).is_some());
    }

    /// A part that grows, and new parts: each gets its bytes in the end, in any order of the threads.
    fn a_part_grows() {
        let budget = Arc::new(Budget::new(4));
        let new = [3, 2].map(|bytes| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let held = block_on(budget.grow(0, bytes));
                thread::yield_now();
                budget.give_back(held);
            })
        });
        let held = block_on(budget.grow(0, 1));
        thread::yield_now();
        budget.give_back(block_on(budget.grow(held, 4)));
        for part in new {
            part.join().unwrap();
        }
        assert_eq!(budget.used.load(SeqCst), 0);
    }

    #[test]
    fn no_part_that_grows_is_forgotten() {
        crate::sync::model(a_part_grows);
    }

    #[test]
    fn no_waiter_is_forgotten() {
        crate::sync::model(parts_are_given_out);
    }
}
