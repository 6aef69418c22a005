use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::time::{Duration, Instant, timeout};

use crate::{
    options::Bodies,
    queue::{Budget, Share},
    response::RejectionKind,
    session::State,
};

use super::reading::To;

/// The bytes that a body may have: a share of its session's budget, and one of the budget of all bodies.
/// Dropping it gives them back.
pub(super) struct Room {
    shares: Option<Shares>,
    bytes: usize,
    /// For how long the `POST` may still wait.
    patience: Duration,
    wait: Option<RoomWait>,
}

/// Boxed: only a budget without room makes one.
type RoomWait = Pin<Box<dyn Future<Output = Result<Shares, RejectionKind>> + Send>>;

struct Shares {
    /// `None` if the session is at another node.
    session: Option<Share<Arc<State>>>,
    all: Share<Arc<Budget>>,
    /// What a wait left of its patience.
    patience: Duration,
}

impl Room {
    pub(super) fn new(patience: Duration) -> Self {
        Self {
            shares: None,
            bytes: 0,
            patience,
            wait: None,
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    /// Grows the room to so many bytes, and waits in turn if they are not free.
    pub(super) fn poll_grow(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
        to: &To,
        bodies: &Bodies,
    ) -> Poll<Result<(), RejectionKind>> {
        let more = bytes - self.bytes;
        let shares = match &mut self.wait {
            None => match Shares::try_take(to, bodies, more, self.patience) {
                Some(shares) => shares,
                None => {
                    self.wait = Some(Shares::take(to, bodies, more, self.patience));
                    return self.poll_grow(cx, bytes, to, bodies);
                }
            },
            Some(wait) => {
                let taken = ready!(wait.as_mut().poll(cx));
                self.wait = None;
                taken?
            }
        };
        self.patience = shares.patience;
        self.bytes = bytes;
        match &mut self.shares {
            Some(held) => held.merge(shares),
            none => *none = Some(shares),
        }
        Poll::Ready(Ok(()))
    }

    /// The body is complete and has so many bytes.
    pub(super) fn shrink_to(&mut self, bytes: usize) {
        if let Some(Shares { session, all, .. }) = &mut self.shares {
            all.shrink_to(bytes);
            if let Some(session) = session {
                session.shrink_to(bytes);
            }
        }
    }
}

impl Shares {
    fn try_take(to: &To, bodies: &Bodies, bytes: usize, patience: Duration) -> Option<Self> {
        let (session, all) = match to {
            To::Session(state) => {
                let session = Share::try_take(Arc::clone(state), bytes)?;
                (Some(session), &bodies.here)
            }
            To::Node(_) => (None, &bodies.elsewhere),
        };
        let all = Share::try_take(Arc::clone(all), bytes)?;
        Some(Self {
            session,
            all,
            patience,
        })
    }

    /// As `try_take`, and waits for both budgets. The session's comes first: a body that waits for it
    /// holds none of the other.
    fn take(to: &To, bodies: &Bodies, bytes: usize, patience: Duration) -> RoomWait {
        let (state, all) = match to {
            To::Session(state) => (Some(Arc::clone(state)), Arc::clone(&bodies.here)),
            To::Node(_) => (None, Arc::clone(&bodies.elsewhere)),
        };
        Box::pin(async move {
            let start = Instant::now();
            let mut missing = RejectionKind::ServerBusy;
            let taken = timeout(patience, async {
                let session = match &state {
                    None => None,
                    Some(state) => {
                        missing = RejectionKind::SessionBusy;
                        let share = Share::take(Arc::clone(state), bytes);
                        Some(unless_closed(state, share).await?)
                    }
                };
                if let Some(all) = Share::try_take(Arc::clone(&all), bytes) {
                    return Ok((session, all));
                }
                missing = RejectionKind::ServerBusy;
                let share = Share::take(all, bytes);
                let all = match &state {
                    None => share.await,
                    Some(state) => unless_closed(state, share).await?,
                };
                Ok((session, all))
            })
            .await;
            let (session, all) = taken.unwrap_or(Err(missing))?;
            Ok(Self {
                session,
                all,
                patience: patience.saturating_sub(start.elapsed()),
            })
        })
    }

    fn merge(&mut self, more: Self) {
        self.all.merge(more.all);
        if let (Some(session), Some(more)) = (&mut self.session, more.session) {
            session.merge(more);
        }
    }
}

/// Waits for a share, unless the session is closed first.
async fn unless_closed<T>(
    state: &State,
    share: impl Future<Output = T>,
) -> Result<T, RejectionKind> {
    let (mut closed, mut share) = (pin!(state.closed()), pin!(share));
    poll_fn(|cx| match closed.as_mut().poll(cx) {
        Poll::Ready(_reason) => Poll::Ready(Err(RejectionKind::SessionNotFound)),
        Poll::Pending => share.as_mut().poll(cx).map(Ok),
    })
    .await
}
