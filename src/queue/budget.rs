use crate::sync::{
    Notify, Semaphore,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// A fixed number of bytes, which are taken in parts and given back. If a part is not free, its taker
/// waits in a queue.
///
/// Taking free bytes costs one atomic operation. A semaphore with a permit for each byte would take a lock
/// each time bytes are given back. Here the semaphore has one permit, which only orders the waiting
/// takers.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
    waiting: AtomicUsize,
    /// The first waiting taker holds the permit.
    turn: Semaphore,
    freed: Notify,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            turn: Semaphore::new(1),
            freed: Notify::new(),
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Takes `bytes` if they are free and no taker waits. Returns the number to give back: a part that is
    /// larger than the budget takes the whole budget.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<usize> {
        match self.waiting.load(SeqCst) {
            0 => self.take_free(bytes),
            _ => None,
        }
    }

    fn take_free(&self, bytes: usize) -> Option<usize> {
        let taken = bytes.min(self.total);
        let mut used = self.used.load(SeqCst);
        while taken <= self.total - used {
            match self
                .used
                .compare_exchange(used, used + taken, SeqCst, SeqCst)
            {
                Ok(_) => return Some(taken),
                Err(now) => used = now,
            }
        }
        None
    }

    /// As `try_take`, and waits until the bytes are free. Takers are served in order. If the future is
    /// dropped before it completes, nothing is taken.
    pub(crate) async fn take(&self, bytes: usize) -> usize {
        let _waiting = Waiting::new(&self.waiting);
        // The semaphore is never closed.
        let _turn = self.turn.acquire_many(1).await;
        loop {
            // `waiting` was incremented before this attempt. So either the attempt sees the bytes that
            // another thread gives back, or `give_back` sees this taker and notifies it.
            match self.take_free(bytes) {
                Some(taken) => return taken,
                None => self.freed.notified().await,
            }
        }
    }

    pub(crate) fn give_back(&self, taken: usize) {
        self.used.fetch_sub(taken, SeqCst);
        if self.waiting.load(SeqCst) > 0 {
            self.freed.notify_one();
        }
    }
}

/// Counts a waiting taker until it is dropped.
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
        let held = budget.try_take(700).unwrap();
        let mut large = task::spawn(budget.take(800));
        let mut small = task::spawn(budget.take(100));
        assert_pending!(large.poll());
        assert_pending!(small.poll());
        assert!(
            budget.try_take(1).is_none(),
            "a new taker does not overtake a waiting one"
        );
        budget.give_back(held);
        assert!(large.is_woken());
        assert_eq!(assert_ready!(large.poll()), 800);
        assert_eq!(assert_ready!(small.poll()), 100);
    }

    #[test]
    fn giving_back_wakes_only_takers_that_find_room() {
        let budget = Budget::new(10);
        let held = budget.try_take(10).unwrap();
        let take = || task::spawn(budget.take(5));
        let mut waiting: VecDeque<_> = (0..100).map(|_| take()).collect();
        for part in &mut waiting {
            assert_pending!(part.poll());
        }
        budget.give_back(held);
        // Each taker passes the turn to the next when it has its bytes. The third finds no free bytes.
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
    fn a_taker_that_is_dropped_while_it_waits_takes_nothing() {
        let budget = Budget::new(10);
        let held = budget.try_take(10).unwrap();
        let mut waiting = task::spawn(budget.take(4));
        assert_pending!(waiting.poll());
        budget.give_back(held);
        drop(waiting);
        assert_eq!(budget.try_take(10), Some(10));
    }

    #[test]
    fn a_part_larger_than_the_budget_takes_the_whole_budget() {
        let budget = Budget::new(10);
        let small = budget.try_take(1).unwrap();
        assert!(budget.try_take(usize::MAX).is_none());
        budget.give_back(small);
        let all = budget.try_take(usize::MAX).unwrap();
        assert!(budget.try_take(1).is_none());
        budget.give_back(all);
        assert!(budget.try_take(10).is_some());
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

    /// The takers want more bytes than there are, in parts of different sizes. Each taker gets its part
    /// in the end.
    fn parts_are_given_out() {
        let budget = Arc::new(Budget::new(4));
        let bodies = [(1, 2), (2, 2), (3, 1), (4, 0)].map(|(first, more)| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let first = block_on(budget.take(first));
                thread::yield_now();
                // Takes more without waiting, so that two takers cannot wait for each other.
                let more = budget.try_take(more).unwrap_or(0);
                budget.give_back(first + more);
            })
        });
        {
            let mut dropped = pin!(budget.take(3));
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(taken) = dropped.as_mut().poll(&mut cx) {
                budget.give_back(taken);
            }
            thread::yield_now();
        }
        for body in bodies {
            body.join().unwrap();
        }
        assert!(budget.try_take(4).is_some());
    }

    #[test]
    fn no_waiter_is_forgotten() {
        crate::sync::model(parts_are_given_out);
    }
}
