use std::{fmt, sync::Arc};

use super::{channel::Channel, registry::SessionRegistry};

/// A session's entry in the registry. The stream holds it, and dropping it ends the session.
pub(crate) struct SessionGuard {
    registry: SessionRegistry,
    channel: Arc<Channel>,
}

impl SessionGuard {
    pub(super) fn new(registry: SessionRegistry, channel: Arc<Channel>) -> Self {
        Self { registry, channel }
    }

    pub(crate) fn channel(&self) -> &Channel {
        &self.channel
    }

    /// Ends the session now: no `POST` finds it any more, and its stream ends after what was sent.
    pub(crate) fn end(&self) {
        self.registry.end(&self.channel);
    }
}

impl Drop for SessionGuard {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for SessionGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionGuard")
            .field(self.channel.id())
            .finish()
    }
}
