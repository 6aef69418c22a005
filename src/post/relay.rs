use std::{
    borrow::Cow,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Uri, request::Parts};

use crate::{
    endpoint::{NodeName, node},
    message::Message,
    observe::{self, PostObserver},
    relay::{self, Answer, Relay, RelayError},
    response::RejectionKind,
    session::{Principal, SessionId},
};

/// The way to other nodes.
#[derive(Clone)]
pub(crate) struct RelayHandle(Arc<dyn Relay>);

impl RelayHandle {
    pub(crate) fn new(relay: impl Relay) -> Self {
        Self(Arc::new(relay))
    }
}

/// What the transport's options say of other nodes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Elsewhere {
    /// This node.
    pub(crate) here: Option<NodeName>,
    pub(crate) relay: Option<RelayHandle>,
}

impl Elsewhere {
    /// Where a session may be that is not here, if its URI names another node and there is a way.
    pub(super) fn find(
        &self,
        id: SessionId,
        principal: Option<Cow<'_, Principal>>,
        uri: &Uri,
    ) -> Option<Forward> {
        if self.here.is_none() && self.relay.is_none() {
            return None;
        }
        let node = node(uri.query()).filter(|node| Some(node) != self.here.as_ref())?;
        let Some(relay) = &self.relay else {
            observe::elsewhere(self.here.as_ref(), &node);
            return None;
        };
        Some(Forward {
            relay: relay.clone(),
            node,
            id,
            principal: principal.map(Cow::into_owned),
        })
    }
}

/// Where a `POST` goes when its body is read.
pub(super) struct Forward {
    relay: RelayHandle,
    node: NodeName,
    id: SessionId,
    principal: Option<Principal>,
}

impl Forward {
    /// Sends a message on, if it is one.
    pub(super) fn start(
        self,
        body: Bytes,
        parts: &Parts,
        observer: &mut PostObserver,
    ) -> Result<Relaying, RejectionKind> {
        let message = Message::parse(body).map_err(|_| RejectionKind::InvalidMessage)?;
        observer.parsed(&message);
        let post = relay::encode(&self.id, self.principal.as_ref(), parts, message.as_bytes());
        let Self { relay, node, .. } = self;
        Ok(Relaying {
            wait: Box::pin(async move {
                let outcome = outcome(&node, relay.0.forward(&node, post).await);
                observe::relayed(outcome);
                outcome
            }),
        })
    }
}

/// A message on its way to another node. Dropped before it is done, it may be delivered.
pub(super) struct Relaying {
    wait: Pin<Box<dyn Future<Output = Result<(), RejectionKind>> + Send>>,
}

impl Future for Relaying {
    type Output = Result<(), RejectionKind>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait.as_mut().poll(cx)
    }
}

/// What became of a message that was relayed. Whatever it is, it is known here first.
fn outcome(node: &NodeName, carried: Result<Bytes, RelayError>) -> Result<(), RejectionKind> {
    let answer = carried.and_then(|answer| {
        // Of what cannot be read nobody knows what it means.
        Answer::decode(&answer).ok_or(RelayError::NoAnswer)
    });
    match answer {
        Ok(Answer::Accepted) => Ok(()),
        Ok(Answer::Refused(refusal)) => {
            observe::relay_refused(node, refusal);
            Err(refusal.kind())
        }
        Err(error) => {
            observe::relay_failed(node, &error);
            Err(match error {
                RelayError::NoSuchNode => RejectionKind::SessionNotFound,
                RelayError::Unavailable(_) => RejectionKind::NodeUnreachable,
                RelayError::TooLarge { .. } => RejectionKind::TooLargeToRelay,
                RelayError::NoAnswer => RejectionKind::NodeSilent,
            })
        }
    }
}

impl fmt::Debug for RelayHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<relay>")
    }
}
