use std::{fmt, sync::Arc};

use http::request::Parts;

use crate::{
    endpoint::NodeName,
    message::Message,
    observe,
    relay::{self, Relay, RelayError},
    response::RejectionKind,
    session::{Principal, SessionId},
};

use super::{future::Wait, room::Room};

/// The way to the node that has a session.
pub(super) struct Forward {
    relay: Arc<dyn Relay>,
    node: NodeName,
    id: SessionId,
    principal: Option<Principal>,
}

impl Forward {
    pub(super) fn new(
        relay: Arc<dyn Relay>,
        node: NodeName,
        id: SessionId,
        principal: Option<Principal>,
    ) -> Self {
        Self {
            relay,
            node,
            id,
            principal,
        }
    }

    /// Sends a message to the node. If the future is dropped before it is done, the message may be
    /// delivered all the same.
    pub(super) fn send(self, message: Message, parts: &Parts, room: Room) -> Wait {
        let Self {
            relay,
            node,
            id,
            principal,
        } = self;
        let post = relay::encode(&id, principal.as_ref(), parts, message.as_bytes());
        Box::pin(async move {
            let _room = room;
            let reply = relay.forward(&node, post).await;
            // A reply that cannot be decoded says nothing of the message.
            let reply = reply.and_then(|reply| relay::decode(&reply).ok_or(RelayError::NoAnswer));
            let (outcome, why): (_, &(dyn fmt::Display + Sync)) = match &reply {
                Ok(outcome) => (*outcome, &"the session's node refused it"),
                Err(error) => (Err(kind_of(error)), error),
            };
            observe::relayed(node.as_str(), outcome, why);
            outcome
        })
    }
}

fn kind_of(error: &RelayError) -> RejectionKind {
    match error {
        RelayError::NoSuchNode => RejectionKind::SessionNotFound,
        RelayError::Unavailable(_) => RejectionKind::NodeUnreachable,
        RelayError::TooLarge { .. } => RejectionKind::TooLargeToRelay,
        RelayError::NoAnswer => RejectionKind::NodeSilent,
    }
}
