use std::time::Duration;

use super::{channel::Channel, id::SessionId, principal::Principal};

/// What [`SessionRegistry::list`](super::SessionRegistry::list) tells of a session.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its id.
    pub id: SessionId,
    /// Who opened it.
    pub principal: Option<Principal>,
    /// For how long it is open.
    pub age: Duration,
    /// What waits for its handler.
    pub inbox: QueueDepth,
    /// What waits for its client.
    pub outbox: QueueDepth,
}

/// How much waits in a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueDepth {
    /// Messages.
    pub messages: usize,
    /// The bytes that they are counted with, see
    /// [`inbox_bytes`](crate::SseServerTransport::inbox_bytes).
    pub bytes: usize,
}

impl SessionInfo {
    pub(super) fn of(channel: &Channel) -> Self {
        let [inbox, outbox] = channel
            .depths()
            .map(|(messages, bytes)| QueueDepth { messages, bytes });
        Self {
            id: *channel.id(),
            principal: channel.principal().cloned(),
            age: channel.age(),
            inbox,
            outbox,
        }
    }
}

/// How far a [`broadcast`](super::SessionRegistry::broadcast) came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broadcast {
    /// The sessions whose outbox took the message.
    pub sent: usize,
    /// The sessions whose outbox had no room: their clients do not keep up.
    pub full: usize,
}
