use std::{fmt, sync::Arc};

use super::{close_reason::CloseReason, state::State, table::Table};

/// A session, with the table that contains it.
#[derive(Clone)]
pub(crate) struct SessionEntry {
    table: Arc<Table>,
    state: Arc<State>,
}

impl SessionEntry {
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Closes the session: no `POST` finds it any more, and its stream ends after the messages in the
    /// outbox.
    pub(crate) fn close(&self, reason: CloseReason) {
        self.table.close(self.state.id.uuid(), reason);
    }

    /// As `close`, and drops the messages in the outbox.
    pub(crate) fn cut(&self, reason: CloseReason) {
        self.close(reason);
        self.state.discard_outbox();
    }
}

/// The stream's guard of its session. When it is dropped, the stream leaves: the session is closed and
/// removed from the table.
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

    /// Closes the session, because its stream is about to leave.
    pub(crate) fn close(&self) {
        let reason = CloseReason::ClientGone;
        self.entry.close(reason);
        // Another thread may have removed the entry and not closed the session yet.
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
