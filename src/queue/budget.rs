use std::pin::pin;

use crate::sync::{
    Notify, Semaphore,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// A number of bytes that are taken in parts and given back.
///
/// A new part that is not free waits its turn, and the first of those that wait is woken. A part that
/// grows goes before them: what it holds comes back when it has grown.
///
/// Bytes that are free cost an atomic operation. A semaphore of bytes would take a lock for each part
/// that is given back, and would let a part that grows wait behind one that needs what it holds.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
    new: AtomicUsize,
    growing: AtomicUsize,
    /// Held by the first of the new parts that wait.
    turn: Semaphore,
    freed: Notify,
    freed_to_grow: Notify,
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
        }
    }

    /// Lets a part that holds so many bytes grow if they are free, and if it need not wait its turn. Gives
    /// what it holds then, which is at most the whole budget: a larger part is had alone.
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

    /// As `try_grow`, and waits. If the future is dropped before it is done, nothing more is taken.
    pub(crate) async fn grow(&self, held: usize, bytes: usize) -> usize {
        // A part that begins to wait is counted before it looks, so either it finds what is given back,
        // or it is woken.
        if held == 0 {
            let _waiting = Waiting::new(&self.new);
            // The semaphore is never closed.
            let _turn = self.turn.acquire_many(1).await;
            loop {
                match self.grow_free(held, bytes) {
                    Some(held) => return held,
                    None => self.freed.notified().await,
                }
            }
        }
        let _waiting = Waiting::new(&self.growing);
        loop {
            let mut freed = pin!(self.freed_to_grow.notified());
            freed.as_mut().enable();
            match self.grow_free(held, bytes) {
                Some(held) => return held,
                None => freed.await,
            }
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

/// Counts a part that waits.
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
        assert!(budget.try_grow(0, 1).is_none(), "nobody overtakes");
        budget.give_back(held);
        assert!(large.is_woken());
        assert_eq!(assert_ready!(large.poll()), 800);
        assert_eq!(assert_ready!(small.poll()), 100);
    }

    #[test]
    fn giving_back_wakes_only_as_many_as_find_room() {
        let budget = Budget::new(10);
        let held = budget.try_grow(0, 10).unwrap();
        let take = || task::spawn(budget.grow(0, 5));
        let mut waiting: VecDeque<_> = (0..100).map(|_| take()).collect();
        for part in &mut waiting {
            assert_pending!(part.poll());
        }
        budget.give_back(held);
        // Each wakes the next one when it has its bytes. The third finds none.
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
    fn a_part_that_grows_goes_before_new_ones() {
        let budget = Budget::new(1_000);
        let held = budget.try_grow(0, 700).unwrap();
        let mut new = task::spawn(budget.grow(0, 800));
        assert_pending!(new.poll());
        let held = budget.try_grow(held, 800).unwrap();
        let other = budget.try_grow(0, 100);
        assert!(other.is_none(), "a new part waits its turn");
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
    fn a_part_larger_than_the_budget_is_had_alone() {
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

    /// More is wanted than there is, in parts of different sizes: each is given out in the end.
    fn parts_are_given_out() {
        let budget = Arc::new(Budget::new(4));
        let bodies = [(1, 2), (2, 2), (3, 1), (4, 0)].map(|(first, more)| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let first = block_on(budget.grow(0, first));
                thread::yield_now();
                // Growing without a wait, so that no two wait for each other.
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

    /// A part that grows and new ones: none is forgotten, whoever comes first.
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
