use std::{fmt, future::poll_fn, pin::pin, sync::Arc, task::Poll};

use tokio::time::{Duration, Instant, timeout};

use crate::{
    queue::{Budgets, Size},
    response::RejectionKind,
};

use super::state::State;

/// The room of a body that is on its way into an inbox: bytes of its session's budgets, and bytes of the
/// budgets for all bodies. Dropping it gives both back.
pub(crate) struct Room {
    /// `None` if the session is on another node.
    session: Option<Arc<State>>,
    session_bytes: usize,
    all: Arc<Budgets>,
    all_bytes: usize,
}

impl Room {
    /// An empty room, which holds no bytes.
    pub(crate) fn new(session: Option<Arc<State>>, all: Arc<Budgets>) -> Self {
        Self {
            session,
            session_bytes: 0,
            all,
            all_bytes: 0,
        }
    }

    /// Whether it holds bytes of other budgets than those for a body of `bytes`.
    #[inline]
    fn moves(&self, bytes: usize) -> bool {
        self.all_bytes > 0 && Size::of(self.all_bytes) != Size::of(bytes)
    }

    /// An empty room for the same body.
    fn empty(&self) -> Self {
        Self::new(self.session.clone(), Arc::clone(&self.all))
    }

    #[cold]
    fn try_move(&mut self, bytes: usize) -> Result<(), RejectionKind> {
        let mut room = self.empty();
        room.try_grow(bytes)?;
        *self = room;
        Ok(())
    }

    /// Grows to `bytes` in both budgets. The error says which budget has no room.
    pub(crate) fn try_grow(&mut self, bytes: usize) -> Result<(), RejectionKind> {
        if self.moves(bytes) {
            return self.try_move(bytes);
        }
        let size = Size::of(bytes);
        let mut session_bytes = self.session_bytes;
        if let Some(state) = &self.session {
            let budget = state.bodies.of(size);
            let grown = budget.try_grow(self.session_bytes, bytes);
            session_bytes = grown.ok_or(RejectionKind::SessionBusy)?;
        }
        let Some(all_bytes) = self.all.of(size).try_grow(self.all_bytes, bytes) else {
            if let Some(state) = &self.session {
                let budget = state.bodies.of(size);
                budget.give_back(session_bytes - self.session_bytes);
            }
            return Err(RejectionKind::ServerBusy);
        };
        (self.session_bytes, self.all_bytes) = (session_bytes, all_bytes);
        Ok(())
    }

    /// As `try_grow`, and waits for at most `patience`. Returns the room and the time that is left. A room that
    /// grows into the budgets for large bodies keeps its bytes of the others meanwhile.
    ///
    /// It takes from the session's budget first, so that a body that waits for it takes nothing from the
    /// other budget.
    pub(crate) async fn grow(
        self,
        bytes: usize,
        patience: Duration,
    ) -> Result<(Self, Duration), RejectionKind> {
        let start = Instant::now();
        let (mut room, _before) = match self.moves(bytes) {
            true => (self.empty(), Some(self)),
            false => (self, None),
        };
        let size = Size::of(bytes);
        let mut missing = RejectionKind::ServerBusy;
        let grown = timeout(patience, async {
            if let Some(state) = &room.session {
                missing = RejectionKind::SessionBusy;
                let grow = state.bodies.of(size).grow(room.session_bytes, bytes);
                room.session_bytes = unless_closed(state, grow).await?;
            }
            let grown = room.all.of(size).try_grow(room.all_bytes, bytes);
            room.all_bytes = match (grown, &room.session) {
                (Some(bytes), _) => bytes,
                (None, session) => {
                    missing = RejectionKind::ServerBusy;
                    let grow = room.all.of(size).grow(room.all_bytes, bytes);
                    match session {
                        Some(state) => unless_closed(state, grow).await?,
                        None => grow.await,
                    }
                }
            };
            Ok(())
        })
        .await;
        grown.unwrap_or(Err(missing))?;
        Ok((room, patience.saturating_sub(start.elapsed())))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.all_bytes > 0 {
            let budget = self.all.of(Size::of(self.all_bytes));
            budget.give_back(self.all_bytes);
        }
        if let (1.., Some(state)) = (self.session_bytes, &self.session) {
            let budget = state.bodies.of(Size::of(self.session_bytes));
            budget.give_back(self.session_bytes);
        }
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
