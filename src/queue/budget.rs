use std::{fmt, sync::Arc};

use tokio::sync::SemaphorePermit;

use crate::sync::Semaphore;

/// A number of bytes that are taken in parts. A part that cannot be had at once waits its turn.
#[derive(Debug)]
pub(crate) struct Budget {
    free: Semaphore,
    total: usize,
}

/// What has a budget and can be shared, so that a [`Share`] can give back to it.
pub(crate) trait HasBudget {
    fn budget(&self) -> &Budget;
}

impl HasBudget for Arc<Budget> {
    fn budget(&self) -> &Budget {
        self
    }
}

/// A part of the budget that `B` has. Dropping it gives the bytes back.
pub(crate) struct Share<B: HasBudget> {
    of: B,
    permits: u32,
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

    /// A part that is larger than the budget counts as all of it, so that it can be had alone.
    fn permits(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.min(self.total)).unwrap_or(u32::MAX)
    }
}

impl<B: HasBudget> Share<B> {
    /// Takes so many bytes if they are free and nobody waits for them.
    pub(crate) fn try_take(of: B, bytes: usize) -> Option<Self> {
        let permits = of.budget().permits(bytes);
        of.budget().free.try_acquire_many(permits).ok()?.forget();
        Some(Self { of, permits })
    }

    /// Takes so many bytes, after those that waited before. If the future is dropped before it is
    /// done, nothing is taken.
    pub(crate) async fn take(of: B, bytes: usize) -> Self {
        let permits = of.budget().permits(bytes);
        // The semaphore is never closed.
        let taken = of.budget().free.acquire_many(permits).await;
        taken.map(SemaphorePermit::forget).ok();
        Self { of, permits }
    }

    /// Puts two shares of one budget together.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.permits += std::mem::take(&mut other.permits);
    }

    /// Gives back what goes beyond so many bytes.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let kept = self.of.budget().permits(bytes).min(self.permits);
        self.give_back(self.permits - kept);
        self.permits = kept;
    }

    fn give_back(&self, permits: u32) {
        if permits > 0 {
            self.of.budget().free.add_permits(permits as usize);
        }
    }
}

impl<B: HasBudget> fmt::Debug for Share<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { of: _, permits } = self;
        f.debug_tuple("Share").field(permits).finish()
    }
}

impl<B: HasBudget> Drop for Share<B> {
    fn drop(&mut self) {
        self.give_back(self.permits);
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    fn budget(bytes: usize) -> Arc<Budget> {
        Arc::new(Budget::new(bytes))
    }

    fn free(budget: &Arc<Budget>) -> bool {
        Share::try_take(Arc::clone(budget), budget.total()).is_some()
    }

    #[test]
    fn shares_are_given_out_in_order() {
        let budget = budget(1_000);
        let take = |bytes| task::spawn(Share::take(Arc::clone(&budget), bytes));
        let held = assert_ready!(take(700).poll());
        let (mut large, mut small) = (take(800), take(100));
        assert_pending!(large.poll());
        assert_pending!(small.poll());
        assert!(
            Share::try_take(Arc::clone(&budget), 1).is_none(),
            "nobody overtakes"
        );
        drop(held);
        assert!(large.is_woken());
        let large = assert_ready!(large.poll());
        let small = assert_ready!(small.poll());
        drop((large, small));
        assert!(free(&budget));
    }

    #[test]
    fn giving_back_wakes_only_as_many_as_find_room() {
        let budget = budget(10);
        let take = |bytes| task::spawn(Share::take(Arc::clone(&budget), bytes));
        let held = assert_ready!(take(10).poll());
        let mut waiting: Vec<_> = (0..100).map(|_| take(5)).collect();
        for share in &mut waiting {
            assert_pending!(share.poll());
        }
        drop(held);
        let woken = waiting.iter().filter(|share| share.is_woken()).count();
        assert_eq!(woken, 2);
    }

    #[test]
    fn a_share_that_is_dropped_while_it_waits_takes_nothing() {
        let budget = budget(10);
        let held = Share::try_take(Arc::clone(&budget), 10);
        let mut waiting = task::spawn(Share::take(Arc::clone(&budget), 4));
        assert_pending!(waiting.poll());
        drop(held);
        drop(waiting);
        assert!(free(&budget));
    }

    #[test]
    fn shares_merge_and_shrink() {
        let budget = budget(10);
        let take = |bytes| Share::try_take(Arc::clone(&budget), bytes);
        let mut share = take(6).unwrap();
        share.merge(take(4).unwrap());
        assert!(take(1).is_none());
        share.shrink_to(3);
        share.shrink_to(9);
        assert!(take(8).is_none());
        assert!(take(7).is_some());
        drop(share);
        assert!(free(&budget));
    }

    #[test]
    fn a_share_larger_than_the_budget_is_had_alone() {
        let budget = budget(10);
        let small = Share::try_take(Arc::clone(&budget), 1);
        assert!(Share::try_take(Arc::clone(&budget), usize::MAX).is_none());
        drop(small);
        assert!(Share::try_take(Arc::clone(&budget), usize::MAX).is_some());
        assert!(free(&budget));
    }
}

/// Run by `.ci/model`.
#[cfg(all(test, shuttle))]
mod model {
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    use shuttle::{future::block_on, thread};

    use super::*;

    /// More is wanted than there is, in shares of different sizes: each is given out in the end.
    fn shares_are_given_out() {
        let budget = Arc::new(Budget::new(4));
        let bodies = [(1, 2), (2, 2), (3, 1), (4, 0)].map(|(first, more)| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                let mut share = block_on(Share::take(Arc::clone(&budget), first));
                thread::yield_now();
                // Growing without a wait, so that no two wait for each other.
                if let Some(more) = Share::try_take(budget, more) {
                    share.merge(more);
                }
            })
        });
        {
            let mut dropped = pin!(Share::take(Arc::clone(&budget), 3));
            let mut cx = Context::from_waker(Waker::noop());
            let polled = dropped.as_mut().poll(&mut cx);
            thread::yield_now();
            drop(match polled {
                Poll::Ready(share) => Some(share),
                Poll::Pending => None,
            });
        }
        for body in bodies {
            body.join().unwrap();
        }
        assert!(Share::try_take(Arc::clone(&budget), 4).is_some());
    }

    #[test]
    fn no_waiter_is_forgotten() {
        crate::sync::model(shares_are_given_out);
    }
}
