use std::pin::pin;

use crate::sync::{
    Notify,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// Bytes that may be taken and must be given back.
///
/// No semaphore, since that lets nobody in before the first who waits: a body that has come almost
/// whole would wait behind one that needs the very room which it holds.
#[derive(Debug)]
pub(crate) struct Budget {
    total: usize,
    used: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

impl Budget {
    pub(crate) fn new(total: usize) -> Self {
        Self {
            total,
            used: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            freed: Notify::new(),
        }
    }

    /// Takes so many bytes if they are free.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.total);
        self.used.fetch_update(SeqCst, SeqCst, fits).is_ok()
    }

    /// Takes so many bytes as soon as they are free. Dropped before that, none is taken.
    pub(crate) async fn take_when_free(&self, bytes: usize) {
        let _waiting = Waiting::new(&self.waiting);
        loop {
            let mut freed = pin!(self.freed.notified());
            freed.as_mut().enable();
            if self.take(bytes) {
                return;
            }
            freed.await;
        }
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, SeqCst);
        // Who begins to wait says so before it looks again, so one of the two sees the other.
        if self.waiting.load(SeqCst) > 0 {
            self.freed.notify_waiters();
        }
    }
}

/// Counts one who waits.
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
    use tokio_test::{assert_pending, assert_ready, task};

    use super::*;

    #[test]
    fn a_small_need_overtakes_a_large_one_that_waits() {
        let budget = Budget::new(1_000);
        assert!(budget.take(700));
        let mut large = task::spawn(budget.take_when_free(800));
        assert_pending!(large.poll());
        assert!(budget.take(100), "what has come almost whole gets on");
        assert!(budget.take(200));
        budget.give_back(200);
        assert!(large.is_woken());
        assert_pending!(large.poll());
        budget.give_back(800);
        assert!(large.is_woken());
        assert_ready!(large.poll());
        assert!(!budget.take(201) && budget.take(200));
    }

    #[test]
    fn one_that_is_dropped_while_it_waits_holds_nothing() {
        let budget = Budget::new(10);
        assert!(budget.take(10));
        let mut dropped = task::spawn(budget.take_when_free(1));
        assert_pending!(dropped.poll());
        budget.give_back(10);
        drop(dropped);
        assert_eq!(
            (budget.used.load(SeqCst), budget.waiting.load(SeqCst)),
            (0, 0)
        );
    }

    #[test]
    fn nothing_overflows() {
        let budget = Budget::new(usize::MAX);
        assert!(budget.take(usize::MAX));
        assert!(!budget.take(1));
    }
}

/// Run by `.ci/model`.
#[cfg(all(test, shuttle))]
mod model {
    use std::{
        sync::Arc,
        task::{Context, Waker},
    };

    use shuttle::{future::block_on, thread};

    use super::*;

    /// More is wanted than there is, in parts of different sizes: everyone gets it in the end.
    fn bodies_share() {
        let budget = Arc::new(Budget::new(4));
        let bodies = [(1, 2), (2, 2), (3, 1), (4, 0)].map(|(first, more)| {
            let budget = Arc::clone(&budget);
            thread::spawn(move || {
                block_on(budget.take_when_free(first));
                thread::yield_now();
                // Some bodies grow without a wait, so that no two wait for each other.
                let grown = if budget.take(more) { more } else { 0 };
                assert!(budget.used.load(SeqCst) <= 4);
                budget.give_back(first + grown);
            })
        });
        // One who waits and goes away.
        {
            let mut gone = pin!(budget.take_when_free(3));
            if gone
                .as_mut()
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_ready()
            {
                budget.give_back(3);
            }
            thread::yield_now();
        }
        for body in bodies {
            body.join().unwrap();
        }
        assert_eq!(
            (budget.used.load(SeqCst), budget.waiting.load(SeqCst)),
            (0, 0)
        );
    }

    #[test]
    fn no_waiter_is_forgotten() {
        crate::sync::model(bodies_share);
    }
}
