use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::timeout;

use crate::sync::{
    Notify,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// The bytes that all bodies which are being read, or wait for an inbox, may have together.
///
/// No semaphore, since that lets nobody in before the first who waits: a body that has come almost
/// whole would wait behind one that needs the very room which it holds.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    total: usize,
    used: AtomicUsize,
    waiting: AtomicUsize,
    freed: Notify,
}

/// One body's share of a [`Budget`], given back when it is dropped.
pub(super) struct Lease {
    shared: Arc<Shared>,
    held: usize,
    wait: Option<Pin<Box<dyn Future<Output = bool> + Send>>>,
}

impl Budget {
    /// One body alone always finds room, however small a budget is.
    pub(super) fn new(bytes: usize, body_limit: usize) -> Self {
        Self {
            shared: Arc::new(Shared {
                total: bytes.max(body_limit),
                used: AtomicUsize::new(0),
                waiting: AtomicUsize::new(0),
                freed: Notify::new(),
            }),
        }
    }

    pub(super) fn lease(&self) -> Lease {
        Lease {
            shared: Arc::clone(&self.shared),
            held: 0,
            wait: None,
        }
    }
}

impl Shared {
    fn take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.total);
        self.used.fetch_update(SeqCst, SeqCst, fits).is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, SeqCst);
        // Who begins to wait says so before it looks again, so one of the two sees the other.
        if self.waiting.load(SeqCst) > 0 {
            self.freed.notify_waiters();
        }
    }

    async fn take_when_free(&self, bytes: usize) {
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

impl Lease {
    /// Takes room for so many bytes more; waits for it if there is none. `false` if none came in time.
    pub(super) fn poll_grow(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
        patience: Duration,
    ) -> Poll<bool> {
        if self.wait.is_none() && !self.shared.take(bytes) {
            let shared = Arc::clone(&self.shared);
            let wait = async move {
                timeout(patience, shared.take_when_free(bytes))
                    .await
                    .is_ok()
            };
            self.wait = Some(Box::pin(wait));
        }
        if let Some(wait) = &mut self.wait {
            let taken = ready!(wait.as_mut().poll(cx));
            self.wait = None;
            if !taken {
                return Poll::Ready(false);
            }
        }
        self.held += bytes;
        Poll::Ready(true)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.held > 0 {
            self.shared.give_back(self.held);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready_eq, task};

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(3);

    fn grow(lease: &mut Lease, bytes: usize) -> task::Spawn<impl Future<Output = bool>> {
        task::spawn(std::future::poll_fn(move |cx| {
            lease.poll_grow(cx, bytes, PATIENCE)
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_came_almost_whole_overtakes_one_that_waits_for_more() {
        let budget = Budget::new(1_000, 0);
        let (mut almost, mut large, mut small) = (budget.lease(), budget.lease(), budget.lease());
        assert_ready_eq!(grow(&mut almost, 700).poll(), true);
        let mut waiting = grow(&mut large, 800);
        assert_pending!(waiting.poll());
        assert_ready_eq!(grow(&mut almost, 100).poll(), true);
        assert_ready_eq!(grow(&mut small, 200).poll(), true);
        drop(small);
        assert!(waiting.is_woken());
        assert_pending!(waiting.poll());
        drop(almost);
        assert!(waiting.is_woken());
        assert_ready_eq!(waiting.poll(), true);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_waits_in_vain_or_is_dropped_holds_nothing() {
        let budget = Budget::new(10, 0);
        let mut holder = budget.lease();
        assert_ready_eq!(grow(&mut holder, 10).poll(), true);
        let (mut vain, mut dropped) = (budget.lease(), budget.lease());
        assert!(!grow(&mut vain, 1).await);
        assert_pending!(grow(&mut dropped, 1).poll());
        drop((vain, dropped, holder));
        assert_eq!(budget.shared.used.load(SeqCst), 0);
        assert_eq!(budget.shared.waiting.load(SeqCst), 0);
    }

    #[test]
    fn one_body_alone_always_finds_room() {
        assert_eq!(Budget::new(0, 4096).shared.total, 4096);
        let mut lease = Budget::new(usize::MAX, 0).lease();
        assert_ready_eq!(grow(&mut lease, usize::MAX).poll(), true);
        assert!(!lease.shared.take(1), "no overflow");
    }
}

/// Run by `.ci/model`.
#[cfg(all(test, shuttle))]
mod model {
    use std::future::poll_fn;

    use shuttle::{future::block_on, thread};

    use super::*;

    /// More is wanted than there is, in parts of different sizes: everyone gets it in the end.
    fn bodies_share() {
        let budget = Budget::new(4, 0);
        let bodies = [(1, 2), (2, 2), (3, 1), (4, 0)].map(|(first, more)| {
            let budget = budget.clone();
            thread::spawn(move || {
                let mut lease = budget.lease();
                let patience = Duration::from_secs(3600);
                assert!(block_on(poll_fn(|cx| lease.poll_grow(cx, first, patience))));
                thread::yield_now();
                // Some bodies grow without a wait, so that no two wait for each other.
                if more > 0 && lease.shared.take(more) {
                    lease.held += more;
                }
                assert!(lease.shared.used.load(SeqCst) <= 4);
            })
        });
        // One who waits and goes away.
        let mut gone = budget.lease();
        let mut cx = Context::from_waker(std::task::Waker::noop());
        let _ = gone.poll_grow(&mut cx, 3, Duration::from_secs(3600));
        thread::yield_now();
        drop(gone);
        for body in bodies {
            body.join().unwrap();
        }
        assert_eq!(budget.shared.used.load(SeqCst), 0);
        assert_eq!(budget.shared.waiting.load(SeqCst), 0);
    }

    #[test]
    fn no_waiter_is_forgotten() {
        crate::sync::model(bodies_share);
    }
}
