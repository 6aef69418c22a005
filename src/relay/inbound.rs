use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::{
    endpoint::NodeName,
    message::Message,
    options::Options,
    queue::PushError,
    response::RejectionKind,
    session::{Incoming, Room, SessionRegistry},
};

use super::{frame, reply};

/// What a delivery takes beside its bytes.
const OVERHEAD: usize = 1024;

/// The receiving end of a relay: delivers what other nodes forwarded to the sessions of this one.
///
/// Made by [`SseServerTransport::inbound`](crate::SseServerTransport::inbound). A clone is another
/// handle to the same.
#[derive(Clone)]
pub struct Inbound {
    shared: Arc<Shared>,
}

struct Shared {
    node: NodeName,
    registry: SessionRegistry,
    options: Arc<Options>,
}

impl Inbound {
    pub(crate) fn new(node: NodeName, registry: SessionRegistry, options: Arc<Options>) -> Self {
        let shared = Shared {
            node,
            registry,
            options,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The name of this node. What is sent to it must come here, and nothing else.
    pub fn node(&self) -> &NodeName {
        &self.shared.node
    }

    /// Delivers a `POST` as the [`Relay`](super::Relay) of another node got it. Gives the reply that must
    /// go back there.
    ///
    /// The same is checked as for a `POST` over HTTP: the size, the session, its principal, the message.
    /// It waits for room in the session's inbox, see
    /// [`delivery_timeout`](crate::SseServerTransport::delivery_timeout). It does not wait for room in
    /// [`in_flight_bytes`](crate::SseServerTransport::in_flight_bytes). So call it for each `POST` at
    /// once, and let the calls run side by side.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it is done, the message is not delivered.
    pub fn deliver(&self, post: Bytes) -> impl Future<Output = Bytes> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move { reply::encode(shared.deliver(&post).await) }
    }
}

impl Shared {
    async fn deliver(&self, post: &[u8]) -> Result<(), RejectionKind> {
        let frame = frame::decode(post).ok_or(RejectionKind::NodeUnreachable)?;
        if frame.text.len() > self.options.body_limit {
            return Err(RejectionKind::BodyTooLarge);
        }
        let state = self.registry.table.find(frame.id, frame.principal.as_ref());
        let state = state.ok_or(RejectionKind::SessionNotFound)?;
        let bytes = post.len() + OVERHEAD;
        let here = Arc::clone(&self.options.bodies.here);
        let mut room = Room::new(Some(Arc::clone(&state)), here);
        room.try_grow(bytes)?;
        let message = Message::parse(frame.text).map_err(|_| RejectionKind::InvalidMessage)?;
        let mut parts = frame.parts;
        if let Some(principal) = frame.principal {
            parts.extensions.insert(principal);
        }
        match state.try_deliver(Incoming {
            message,
            parts: Box::new(parts),
        }) {
            Ok(()) => Ok(()),
            Err(PushError::Closed(_)) => Err(RejectionKind::SessionNotFound),
            Err(PushError::Full(incoming)) => {
                state.deliver(incoming, self.options.delivery_timeout).await
            }
        }
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            node,
            registry,
            options,
        } = &*self.shared;
        f.debug_struct("Inbound")
            .field("node", node)
            .field("registry", registry)
            .field("options", options)
            .finish()
    }
}
