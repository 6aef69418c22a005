use std::{fmt, sync::Arc};

use bytes::Bytes;

use crate::{
    endpoint::NodeName,
    message::Message,
    options::Options,
    response::RejectionKind,
    session::{Incoming, Room, SessionRegistry, Undelivered},
};

use super::{frame, reply};

/// The memory of a delivery beside its bytes, estimated.
const OVERHEAD: usize = 1024;

/// The receiving end of a relay: delivers the `POST`s that other nodes forwarded to the sessions of this
/// node.
///
/// [`SseServerTransport::inbound`](crate::SseServerTransport::inbound) makes it. A clone is another
/// handle to the same sessions.
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

    /// The name of this node. The engine must pass each `POST` for this name to this `Inbound`, and no
    /// other `POST`.
    pub fn node(&self) -> &NodeName {
        &self.shared.node
    }

    /// Delivers a `POST`, unchanged from the [`Relay`](super::Relay) of another node. Returns the reply for
    /// that node.
    ///
    /// It checks the size, the session, the principal and the message, as for a `POST` over HTTP. If the
    /// session's inbox is full, it waits for at most the
    /// [`delivery_timeout`](crate::SseServerTransport::delivery_timeout). It does not wait for room in
    /// [`in_flight_bytes`](crate::SseServerTransport::in_flight_bytes). Call it for each `POST` at once,
    /// and poll the futures concurrently.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, the message is not delivered.
    pub fn deliver(&self, post: Bytes) -> impl Future<Output = Bytes> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move { reply::encode(shared.deliver(post).await) }
    }
}

impl Shared {
    async fn deliver(&self, post: Bytes) -> Result<(), RejectionKind> {
        let frame = frame::decode(&post).ok_or(RejectionKind::NodeUnreachable)?;
        let bytes = post.len() + OVERHEAD;
        // The frame is a copy. Only one of the two may wait, because one is counted.
        drop(post);
        if frame.text.len() > self.options.body_limit {
            return Err(RejectionKind::BodyTooLarge);
        }
        let state = self.registry.table.find(frame.id, frame.principal.as_ref());
        let state = state.ok_or(RejectionKind::SessionNotFound)?;
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
            Err(Undelivered::Refused(kind)) => Err(kind),
            Err(Undelivered::Full(incoming)) => {
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
