use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::time::{Duration, Instant};

use crate::{
    queue::{Budgets, Size},
    response::{Rejection, RejectionKind},
    session::{CloseReason, State},
    timer::Timer,
};

/// While other bodies wait for room, a body is slow if it brings fewer bytes than this in half of the delivery
/// timeout.
const BYTES: usize = 32 * 1024;

/// Waits until a body stalls, has to give way to others, or its session is closed, while the rest of the body
/// has not arrived.
pub(super) struct BodyWait {
    progress: Instant,
    stall: Option<(Pin<Box<Timer>>, Duration)>,
    closed: Option<Pin<Box<dyn Future<Output = CloseReason> + Send>>>,
    pace: Pace,
    budgets: Arc<Budgets>,
    /// The size of the body's room, as it was when `demand` was made.
    size: Size,
    demand: Demand,
}

/// How fast a body arrives.
struct Pace {
    /// The length of the body when it last had enough new bytes, and the time.
    len: usize,
    since: Instant,
    time: Duration,
}

/// Whether other bodies wait for the room of this one.
enum Demand {
    None(Pin<Box<dyn Future<Output = ()> + Send>>),
    /// They do, and the timer fires when this body is slow.
    Some(Pin<Box<Timer>>),
}

impl Demand {
    fn none(budgets: &Arc<Budgets>, size: Size) -> Self {
        let budgets = Arc::clone(budgets);
        Self::None(Box::pin(async move { budgets.of(size).wanted().await }))
    }
}

impl BodyWait {
    /// `budgets` are what the body has its room of, and `size` is that of its room.
    pub(super) fn new(
        session: Option<Arc<State>>,
        budgets: Arc<Budgets>,
        size: Size,
        stall_timeout: Option<Duration>,
        delivery_timeout: Duration,
    ) -> Self {
        let now = Instant::now();
        let stall = |timeout| (Box::pin(Timer::new(now + timeout)), timeout);
        let closed = |state: Arc<State>| Box::pin(async move { state.closed().await }) as _;
        Self {
            progress: now,
            stall: stall_timeout.map(stall),
            closed: session.map(closed),
            pace: Pace {
                len: 0,
                since: now,
                time: delivery_timeout / 2,
            },
            size,
            demand: Demand::none(&budgets, size),
            budgets,
        }
    }

    /// Call it when a part of the body has arrived, which has `len` bytes now.
    pub(super) fn progressed(&mut self, len: usize) {
        self.progress = Instant::now();
        if len - self.pace.len >= BYTES {
            (self.pace.len, self.pace.since) = (len, self.progress);
        }
    }

    /// Ready with the refusal when the body has stalled or has to give way, or the session is closed. `size` is
    /// that of the room now.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, size: Size) -> Poll<Rejection> {
        if self.size != size {
            self.size = size;
            self.demand = Demand::none(&self.budgets, size);
        }
        if let Some(closed) = &mut self.closed {
            if closed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(RejectionKind::SessionNotFound.into());
            }
        }
        if self.poll_demand(cx).is_ready() {
            let detail = "the body arrives slowly, and others wait for its room";
            let busy = Rejection::from(RejectionKind::ServerBusy);
            return Poll::Ready(busy.with_detail(detail));
        }
        let Some((timer, timeout)) = &mut self.stall else {
            return Poll::Pending;
        };
        let deadline = || self.progress + *timeout;
        let stalled = timer.as_mut().poll_until(cx, deadline);
        stalled.map(|()| {
            let detail = format!("no more of it arrived for {} s", timeout.as_secs_f64());
            Rejection::from(RejectionKind::BodyUnreadable).with_detail(detail)
        })
    }

    /// Ready when the body is slow and others wait for room.
    fn poll_demand(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let slow_at = self.pace.since + self.pace.time;
        loop {
            match &mut self.demand {
                Demand::None(wanted) => {
                    ready!(wanted.as_mut().poll(cx));
                    self.demand = Demand::Some(Box::pin(Timer::new(slow_at)));
                }
                Demand::Some(timer) => {
                    ready!(timer.as_mut().poll_until(cx, || slow_at));
                    if self.budgets.of(self.size).is_wanted() {
                        return Poll::Ready(());
                    }
                    self.demand = Demand::none(&self.budgets, self.size);
                }
            }
        }
    }
}
