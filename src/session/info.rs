use std::{sync::Arc, time::Duration};

use super::{id::SessionId, principal::Principal, state::State};

/// A session in the [list](super::SessionRegistry::list) of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// The id.
    pub id: SessionId,
    /// The principal that opened it.
    pub principal: Option<Principal>,
    /// The text that its handler [attached](super::Session::set_tag).
    pub tag: Option<Arc<str>>,
    /// The time since it was opened.
    pub age: Duration,
    /// The messages that wait for its handler.
    pub inbox: QueueDepth,
    /// The messages that wait for its client.
    pub outbox: QueueDepth,
}

/// The number of messages that wait in a queue, and their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct QueueDepth {
    /// The number of messages.
    pub messages: usize,
    /// The number of bytes that they take of
    /// [`queue_bytes`](crate::SseServerTransport::queue_bytes).
    pub bytes: usize,
}

impl SessionInfo {
    pub(super) fn of(state: &State) -> Self {
        let [inbox, outbox] = state
            .depths()
            .map(|(messages, bytes)| QueueDepth { messages, bytes });
        Self {
            id: state.id,
            principal: state.principal.clone(),
            tag: state.tag(),
            age: state.age(),
            inbox,
            outbox,
        }
    }
}

/// The result of a [`broadcast`](super::SessionRegistry::broadcast).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Broadcast {
    /// The number of sessions whose outbox took the message.
    pub sent: usize,
    /// The number of sessions whose outbox had no room, because the client does not read fast enough.
    pub full: usize,
}
