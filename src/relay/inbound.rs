use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;

use crate::{
    endpoint::NodeName,
    message::Message,
    session::{Budget, Channel, DeliveryError, Incoming, Offer, SessionRegistry},
};

use super::{
    answer::{Answer, Refusal},
    frame,
};

/// What a delivery takes beside its bytes.
const OVERHEAD: usize = 1024;

/// The receiving end of a relay: takes what other nodes sent into the sessions of this one.
///
/// Made by [`SseServerTransport::inbound`](crate::SseServerTransport::inbound). A clone is another
/// handle to the same.
#[derive(Clone)]
pub struct Inbound {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    registry: SessionRegistry,
    options: InboundOptions,
    in_flight: Budget,
}

/// What the transport's options say of what comes from other nodes.
#[derive(Clone, Debug)]
pub(crate) struct InboundOptions {
    pub(crate) node: NodeName,
    pub(crate) body_limit: usize,
    pub(crate) in_flight_bytes: usize,
    pub(crate) delivery_timeout: Duration,
}

impl Inbound {
    pub(crate) fn new(registry: SessionRegistry, options: InboundOptions) -> Self {
        let in_flight = Budget::new(options.in_flight_bytes.saturating_add(2 * OVERHEAD));
        let shared = Shared {
            registry,
            options,
            in_flight,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// The name of this node: what is sent to it must come here, and nothing else.
    pub fn node(&self) -> &NodeName {
        &self.shared.options.node
    }

    /// Takes a `POST`, as another node's [`Relay`](super::Relay) was given it, and gives the answer that
    /// must come back there.
    ///
    /// It is checked as if it came over HTTP: its size, its session, whose that is, the message. It
    /// waits for room in the session's inbox for as long as a `POST` may, see
    /// [`delivery_timeout`](crate::SseServerTransport::delivery_timeout), and not at all for the room
    /// that all which wait have together, [`in_flight_bytes`](crate::SseServerTransport::in_flight_bytes):
    /// call it for all that comes, at once, and let the calls run side by side.
    ///
    /// # Cancel safety
    ///
    /// Dropped before it is done, the message is not delivered.
    pub fn deliver(&self, post: Bytes) -> impl Future<Output = Bytes> + Send + use<> {
        let shared = Arc::clone(&self.shared);
        async move {
            let answer = match shared.take(&post).await {
                Ok(()) => Answer::Accepted,
                Err(refusal) => Answer::Refused(refusal),
            };
            answer.encode()
        }
    }
}

impl Shared {
    async fn take(&self, post: &[u8]) -> Result<(), Refusal> {
        let _room =
            Room::take(&self.in_flight, post.len() + OVERHEAD).ok_or(Refusal::ServerBusy)?;
        let frame = frame::decode(post).ok_or(Refusal::Unreadable)?;
        if frame.text.len() > self.options.body_limit {
            return Err(Refusal::TooLarge);
        }
        let owner = frame.principal.as_ref();
        let channel = self.registry.find(&frame.id, owner);
        let channel = channel.ok_or(Refusal::NotFound)?;
        let session = channel.in_flight();
        let _share = Room::take(session, frame.text.len()).ok_or(Refusal::SessionBusy)?;
        let message = Message::parse(frame.text).map_err(|_| Refusal::Invalid)?;
        let mut parts = frame.parts;
        if let Some(principal) = frame.principal {
            parts.extensions.insert(principal);
        }
        self.deliver(&channel, Incoming::new(message, Box::new(parts)))
            .await
    }

    async fn deliver(&self, channel: &Channel, incoming: Incoming) -> Result<(), Refusal> {
        let outcome = match channel.offer(incoming) {
            Offer::Taken => Ok(()),
            Offer::Full(incoming) => {
                let patience = self.options.delivery_timeout;
                channel.deliver(incoming, patience).await
            }
            Offer::Ended => Err(DeliveryError::Ended),
        };
        outcome.map_err(|error| match error {
            DeliveryError::Busy => Refusal::SessionBusy,
            DeliveryError::Ended => Refusal::NotFound,
        })
    }
}

/// Bytes of a budget, given back when it is dropped.
struct Room<'a>(&'a Budget, usize);

impl<'a> Room<'a> {
    fn take(budget: &'a Budget, bytes: usize) -> Option<Self> {
        budget.take(bytes).then(|| Self(budget, bytes))
    }
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.0.give_back(self.1);
    }
}

impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}
