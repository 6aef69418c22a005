use tokio::sync::SemaphorePermit;

use crate::sync::Semaphore;

/// A number of bytes that are taken in parts and given back. A part that is not free waits its turn.
#[derive(Debug)]
pub(crate) struct Budget {
    free: Semaphore,
    total: usize,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        let total = total.min(Semaphore::MAX_PERMITS);
        Self {
            free: Semaphore::new(total),
            total,
        }
    }

    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// Takes so many bytes if they are free and nobody waits for them. Gives the number to give back: a
    /// part that is larger than the budget counts as all of it, so that it can be had alone.
    pub(crate) fn try_take(&self, bytes: usize) -> Option<u32> {
        let taken = u32::try_from(bytes.min(self.total)).unwrap_or(u32::MAX);
        self.free.try_acquire_many(taken).ok()?.forget();
        Some(taken)
    }

    /// As `try_take`, after all that waited before. If the future is dropped before it is done, nothing
    /// is taken.
    pub(crate) async fn take(&self, bytes: usize) -> u32 {
        let taken = u32::try_from(bytes.min(self.total)).unwrap_or(u32::MAX);
        // The semaphore is never closed.
        let permit = self.free.acquire_many(taken).await;
        permit.map(SemaphorePermit::forget).ok();
        taken
    }

    pub(crate) fn give_back(&self, taken: u32) {
        if taken > 0 {
            self.free.add_permits(taken as usize);
        }
    }
}

#[cfg(test)]
mod tests {
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
        assert!(budget.try_take(1).is_none(), "nobody overtakes");
        budget.give_back(held);
        assert!(large.is_woken());
        assert_eq!(assert_ready!(large.poll()), 800);
        assert_eq!(assert_ready!(small.poll()), 100);
    }

    #[test]
    fn giving_back_wakes_only_as_many_as_find_room() {
        let budget = Budget::new(10);
        let held = budget.try_take(10).unwrap();
        let mut waiting: Vec<_> = (0..100).map(|_| task::spawn(budget.take(5))).collect();
        for part in &mut waiting {
            assert_pending!(part.poll());
        }
        budget.give_back(held);
        let woken = waiting.iter().filter(|part| part.is_woken()).count();
        assert_eq!(woken, 2);
    }

    #[test]
    fn a_part_that_is_dropped_while_it_waits_takes_nothing() {
        let budget = Budget::new(10);
        let held = budget.try_take(10).unwrap();
        let mut waiting = task::spawn(budget.take(4));
        assert_pending!(waiting.poll());
        budget.give_back(held);
        drop(waiting);
        assert_eq!(budget.try_take(10), Some(10));
    }

    #[test]
    fn a_part_larger_than_the_budget_is_had_alone() {
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

    /// More is wanted than there is, in parts of different sizes: each is given out in the end.
    fn parts_are_given_out() {
        let budget = Arc::new(Budget::new(4));
        let bodies = [(1, 2), (2, 2), (3, 1), (4, 0)].map(|(first, more)| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let first = block_on(budget.take(first));
                thread::yield_now();
                // Growing without a wait, so that no two wait for each other.
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
