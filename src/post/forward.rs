use std::{fmt, pin::Pin, sync::Arc};

use http::request::Parts;
use uuid::Uuid;

use crate::{
    endpoint::NodeName,
    message::Message,
    observe::Observer,
    relay::{self, Relay, RelayError},
    response::RejectionKind,
    session::{Principal, Room},
};

/// The wait for room in the inbox or for another node. Boxed, because few `POST`s wait, and the state of
/// the wait would make the future of every `POST` larger.
pub(super) type Wait = Pin<Box<dyn Future<Output = Result<(), RejectionKind>> + Send>>;

/// The way to the node that has a session.
pub(super) struct Forward {
    relay: Arc<dyn Relay>,
    node: NodeName,
    id: Uuid,
    principal: Option<Principal>,
    observer: Observer,
}

impl Forward {
    pub(super) fn new(
        relay: Arc<dyn Relay>,
        node: NodeName,
        id: Uuid,
        principal: Option<Principal>,
        observer: Observer,
    ) -> Self {
        Self {
            relay,
            node,
            id,
            principal,
            observer,
        }
    }

    /// Sends a message to the node. If the future is dropped before it completes, the message may still be
    /// delivered.
    pub(super) fn send(self, message: &Message, parts: &Parts, room: Option<Room>) -> Wait {
        let Self {
            relay,
            node,
            id,
            principal,
            observer,
        } = self;
        let post = relay::encode(id, principal.as_ref(), parts, message.as_bytes());
        Box::pin(async move {
            let _room = room;
            let reply = relay.forward(&node, post).await;
            // Treat a reply that cannot be decoded as no answer.
            let reply = reply.and_then(|reply| relay::decode(&reply).ok_or(RelayError::NoAnswer));
            let (outcome, why): (_, &(dyn fmt::Display + Sync)) = match &reply {
                Ok(outcome) => (*outcome, &"the session's node refused it"),
                Err(error) => (Err(kind_of(error)), error),
            };
            observer.relayed(node.as_str(), outcome, why);
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
