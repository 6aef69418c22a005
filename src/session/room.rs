use std::{fmt, future::poll_fn, pin::pin, sync::Arc, task::Poll};

use tokio::time::{Duration, Instant, timeout};

use crate::{queue::Budget, response::RejectionKind};

use super::state::State;

/// The room of a body that is on its way into an inbox: bytes of its session's budget, and bytes of the
/// budget for all bodies. Dropping it gives both back.
pub(crate) struct Room {
    /// `None` if the session is on another node.
    session: Option<Arc<State>>,
    session_bytes: usize,
    all: Arc<Budget>,
    all_bytes: usize,
}

impl Room {
    /// Takes `bytes` from both budgets. The error says which budget has no room.
    pub(crate) fn try_take(
        session: Option<&Arc<State>>,
        all: &Arc<Budget>,
        bytes: usize,
    ) -> Result<Self, RejectionKind> {
        let mut room = Self {
            session: session.cloned(),
            session_bytes: 0,
            all: Arc::clone(all),
            all_bytes: 0,
        };
        if let Some(state) = &room.session {
            let taken = state.bodies.try_take(bytes);
            room.session_bytes = taken.ok_or(RejectionKind::SessionBusy)?;
        }
        let taken = room.all.try_take(bytes);
        room.all_bytes = taken.ok_or(RejectionKind::ServerBusy)?;
        Ok(room)
    }

    /// As `try_take`, and waits for at most `patience`. Also returns the time that is left.
    ///
    /// It takes from the session's budget first, so that a body that waits for it holds no bytes of the
    /// other budget.
    pub(crate) async fn take(
        session: Option<Arc<State>>,
        all: Arc<Budget>,
        bytes: usize,
        patience: Duration,
    ) -> Result<(Self, Duration), RejectionKind> {
        let start = Instant::now();
        let mut room = Self {
            session,
            session_bytes: 0,
            all,
            all_bytes: 0,
        };
        let mut missing = RejectionKind::ServerBusy;
        let taken = timeout(patience, async {
            if let Some(state) = &room.session {
                missing = RejectionKind::SessionBusy;
                room.session_bytes = unless_closed(state, state.bodies.take(bytes)).await?;
            }
            room.all_bytes = match (room.all.try_take(bytes), &room.session) {
                (Some(taken), _) => taken,
                (None, session) => {
                    missing = RejectionKind::ServerBusy;
                    match session {
                        Some(state) => unless_closed(state, room.all.take(bytes)).await?,
                        None => room.all.take(bytes).await,
                    }
                }
            };
            Ok(())
        })
        .await;
        taken.unwrap_or(Err(missing))?;
        Ok((room, patience.saturating_sub(start.elapsed())))
    }

    /// Adds the bytes of another room for the same body.
    pub(crate) fn merge(&mut self, mut more: Self) {
        self.session_bytes += std::mem::take(&mut more.session_bytes);
        self.all_bytes += std::mem::take(&mut more.all_bytes);
    }

    /// Gives back the bytes beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let session = self.session_bytes.saturating_sub(bytes);
        let all = self.all_bytes.saturating_sub(bytes);
        self.give_back(session, all);
    }

    fn give_back(&mut self, session: usize, all: usize) {
        if let Some(state) = &self.session {
            state.bodies.give_back(session);
        }
        self.all.give_back(all);
        self.session_bytes -= session;
        self.all_bytes -= all;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.give_back(self.session_bytes, self.all_bytes);
    }
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room")
            .field("session_bytes", &self.session_bytes)
            .field("all_bytes", &self.all_bytes)
            .finish_non_exhaustive()
    }
}

/// Waits for bytes of a budget. An error if the session is closed first.
async fn unless_closed(
    state: &State,
    part: impl Future<Output = usize>,
) -> Result<usize, RejectionKind> {
    let (mut closed, mut part) = (pin!(state.closed()), pin!(part));
    poll_fn(|cx| match closed.as_mut().poll(cx) {
        Poll::Ready(_reason) => Poll::Ready(Err(RejectionKind::SessionNotFound)),
        Poll::Pending => part.as_mut().poll(cx).map(Ok),
    })
    .await
}
