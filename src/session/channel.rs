use std::{
    pin::pin,
    task::{Context, Poll},
};

use tokio::{
    sync::Notify,
    time::{self, Duration},
};

use crate::message::Message;

use super::{
    id::SessionId,
    incoming::Incoming,
    principal::Principal,
    queue::{PushError, Queue},
};

/// How many messages a session's queues hold, each way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) inbox: usize,
    pub(crate) outbox: usize,
}

/// Why a message did not reach its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryError {
    /// The inbox was full, and still is.
    Busy,
    /// The session has ended.
    Ended,
}

/// What became of a message that was offered to a session.
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart where it is made, never stored"
)]
pub(crate) enum Offer {
    Taken,
    /// The inbox has no room now.
    Full(Incoming),
    Ended,
}

/// What all who have to do with one session share: its two queues.
pub(crate) struct Channel {
    id: SessionId,
    principal: Option<Principal>,
    inbox: Queue<Incoming>,
    outbox: Queue<Message>,
    ended: Notify,
}

impl Channel {
    pub(super) fn new(id: SessionId, principal: Option<Principal>, capacity: Capacity) -> Self {
        Self {
            id,
            principal,
            inbox: Queue::new(capacity.inbox),
            outbox: Queue::new(capacity.outbox),
            ended: Notify::new(),
        }
    }

    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    /// Who opened the session.
    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    /// Puts a message into the inbox if it has room.
    pub(crate) fn offer(&self, incoming: Incoming) -> Offer {
        match self.inbox.try_push(incoming) {
            Ok(()) => Offer::Taken,
            Err(PushError::Full(incoming)) => Offer::Full(incoming),
            Err(PushError::Closed(_)) => Offer::Ended,
        }
    }

    /// Puts a message into the inbox, waiting for room. Dropped before it is done, nothing is in.
    pub(crate) async fn deliver(
        &self,
        incoming: Incoming,
        patience: Duration,
    ) -> Result<(), DeliveryError> {
        match time::timeout(patience, self.inbox.push(incoming)).await {
            Ok(delivered) => delivered.map_err(|_incoming| DeliveryError::Ended),
            Err(_elapsed) => Err(DeliveryError::Busy),
        }
    }

    pub(super) fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.inbox.poll_pop(cx)
    }

    pub(super) async fn send(&self, message: Message) -> Result<(), Message> {
        self.outbox.push(message).await
    }

    /// The stream's side of the outbox: the next message, if there is one now.
    pub(crate) fn next_outgoing(&self) -> Option<Message> {
        self.outbox.pop()
    }

    /// As `next_outgoing`, and waits. `None` once the session has ended and all is out.
    pub(crate) fn poll_outgoing(&self, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        self.outbox.poll_pop(cx)
    }

    /// The stream is being polled, so that nobody need wake it.
    pub(crate) fn disarm(&self) {
        self.outbox.disarm();
    }

    /// The handler takes no more messages: those in the inbox are dropped, later ones refused.
    pub(super) fn close_inbox(&self) {
        self.inbox.discard();
    }

    /// Ends the session: the stream gives out what was sent before, then ends.
    pub(super) fn end(&self) {
        self.outbox.close();
        self.inbox.discard();
        self.ended.notify_waiters();
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.outbox.is_closed()
    }

    pub(super) async fn ended(&self) {
        let mut ended = pin!(self.ended.notified());
        // Listen first, look then: an end between the two is not missed.
        ended.as_mut().enable();
        if !self.has_ended() {
            ended.await;
        }
    }
}
