use std::{fmt, sync::Arc};

use super::{close_reason::CloseReason, state::State, table::Table};

/// A session and the table that it is in.
#[derive(Clone)]
pub(crate) struct SessionEntry {
    table: Arc<Table>,
    state: Arc<State>,
}

impl SessionEntry {
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Closes the session: no `POST` finds it any more, and its stream ends after what was sent.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.table.close_own(&self.state, reason);
    }

    /// As `close`, and drops what the client did not read.
    pub(crate) fn cut(&self, reason: CloseReason) {
        self.close(reason);
        self.state.discard_outbox();
    }
}

/// A stream's hold on its session. When it is dropped, the stream leaves: the session is closed and
/// its place is free.
pub(crate) struct StreamGuard {
    entry: SessionEntry,
}

impl StreamGuard {
    pub(super) fn new(table: Arc<Table>, state: Arc<State>) -> Self {
        let entry = SessionEntry { table, state };
        Self { entry }
    }

    pub(crate) fn entry(&self) -> &SessionEntry {
        &self.entry
    }

    /// The stream is about to leave: closes the session.
    pub(crate) fn close(&self) {
        let reason = CloseReason::ClientGone;
        self.entry.close(reason);
        // Another thread may have taken the entry out and not closed the session yet.
        if self.entry.state.close_reason().is_none() {
            self.entry.state.close(reason);
        }
    }
}

impl Drop for StreamGuard {
    fn drop(&mut self) {
        self.entry.table.leave(&self.entry.state);
    }
}

impl fmt::Debug for StreamGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StreamGuard")
            .field(&self.entry.state.id)
            .finish()
    }
}
