use std::{fmt, sync::Arc};

use super::{channel::Channel, close_reason::CloseReason, registry::SessionRegistry};

/// A session and the registry that it is in.
#[derive(Clone)]
pub(crate) struct SessionEntry {
    registry: SessionRegistry,
    channel: Arc<Channel>,
}

impl SessionEntry {
    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Ends the session now: no `POST` finds it any more, and its stream ends after what was sent.
    pub(crate) fn end(&self, reason: CloseReason) {
        self.registry.end(&self.channel, reason);
    }

    /// As `end`, and drops what its client did not read.
    pub(crate) fn cut(&self, reason: CloseReason) {
        self.end(reason);
        self.channel.discard_outbox();
    }
}

/// A stream's hold on its session. Dropping it ends the session.
pub(crate) struct SessionGuard {
    entry: SessionEntry,
}

impl SessionGuard {
    pub(super) fn new(registry: SessionRegistry, channel: Arc<Channel>) -> Self {
        let entry = SessionEntry { registry, channel };
        Self { entry }
    }

    pub(crate) fn entry(&self) -> &SessionEntry {
        &self.entry
    }

    /// The stream is about to go: ends the session.
    pub(crate) fn end(&self) {
        let reason = CloseReason::ClientGone;
        self.entry.end(reason);
        // Out of the registry already, it may still be about to end in another thread.
        if self.entry.channel.close_reason().is_none() {
            self.entry.channel.end(reason);
        }
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.entry.registry.leave(&self.entry.channel);
    }
}

impl fmt::Debug for SessionGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionGuard")
            .field(self.entry.channel.id())
            .finish()
    }
}
