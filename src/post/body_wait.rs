use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::time::{Duration, Instant};

use crate::{
    response::{Rejection, RejectionKind},
    session::{CloseReason, State},
    timer::Timer,
};

/// Waits until a body stalls or its session is closed, while the rest of the body has not arrived.
pub(super) struct BodyWait {
    progress: Instant,
    stall: Option<(Pin<Box<Timer>>, Duration)>,
    closed: Option<Pin<Box<dyn Future<Output = CloseReason> + Send>>>,
}

impl BodyWait {
    pub(super) fn new(session: Option<Arc<State>>, stall_timeout: Option<Duration>) -> Self {
        let progress = Instant::now();
        let stall = |timeout| (Box::pin(Timer::new(progress + timeout)), timeout);
        let closed = |state: Arc<State>| Box::pin(async move { state.closed().await }) as _;
        Self {
            progress,
            stall: stall_timeout.map(stall),
            closed: session.map(closed),
        }
    }

    /// Call it when a part of the body has arrived.
    pub(super) fn progressed(&mut self) {
        self.progress = Instant::now();
    }

    /// Ready with the refusal when the body has stalled or the session is closed.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Rejection> {
        if let Some(closed) = &mut self.closed {
            if closed.as_mut().poll(cx).is_ready() {
                return Poll::Ready(RejectionKind::SessionNotFound.into());
            }
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
}
