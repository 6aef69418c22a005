use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::request::Parts;
use tokio::time::{self, Duration, Instant};

use crate::{
    observe::{Observer, SessionObserver, Stamp},
    options::Options,
    queue::{Budget, HasBudget, PushError, Queue, Weigh},
    response::RejectionKind,
};

use super::{
    activity::Activity, close_reason::CloseReason, id::SessionId, incoming::Incoming,
    lifecycle::Lifecycle, outgoing::Outgoing, principal::Principal,
};

/// What all that hold a session share: its queues and its lifecycle.
pub(crate) struct State {
    id: SessionId,
    principal: Option<Principal>,
    opened: Instant,
    inbox: Queue<Queued<Incoming>>,
    outbox: Queue<Queued<Outgoing>>,
    bodies: Budget,
    /// Only with an idle timeout: each message costs a look at the clock.
    activity: Option<Activity>,
    lifecycle: Lifecycle,
    observer: SessionObserver,
}

/// A message in a queue.
struct Queued<T> {
    item: T,
    since: Stamp,
}

impl<T> Queued<T> {
    fn new(item: T) -> Self {
        let since = Stamp::now();
        Self { item, since }
    }
}

impl<T: Weigh> Weigh for Queued<T> {
    fn weight(&self) -> usize {
        self.item.weight()
    }
}

/// The room for the bodies of the session's `POST`s.
impl HasBudget for Arc<State> {
    fn budget(&self) -> &Budget {
        &self.bodies
    }
}

impl State {
    pub(super) fn new(
        id: SessionId,
        principal: Option<Principal>,
        options: &Options,
        observer: &Observer,
    ) -> Self {
        Self {
            id,
            principal,
            opened: Instant::now(),
            inbox: Queue::new(options.queue),
            outbox: Queue::new(options.queue),
            bodies: Budget::new(options.bodies.session_bytes()),
            activity: options.idle_timeout.map(|_| Activity::new()),
            lifecycle: Lifecycle::new(),
            observer: observer.session(),
        }
    }

    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    /// The principal that opened the session.
    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    pub(crate) fn observer(&self) -> &SessionObserver {
        &self.observer
    }

    pub(super) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Tells that the session is in the registry.
    pub(super) fn observe_open(&self, parts: &Parts) {
        let client = self.principal().map(Principal::client_id);
        self.observer.opened(self.id.prefix(), client, parts);
        if let Some(reason) = self.close_reason() {
            self.observer.log_closed(reason.as_str(), self.age());
        }
    }

    /// Puts a message into the inbox if there is room.
    pub(crate) fn try_deliver(&self, incoming: Incoming) -> Result<(), PushError<Incoming>> {
        let bytes = incoming.message.as_bytes().len();
        match self.inbox.try_push(Queued::new(incoming)) {
            Ok(weight) => {
                self.delivered(bytes, weight);
                Ok(())
            }
            Err(PushError::Full(queued)) => Err(PushError::Full(queued.item)),
            Err(PushError::Closed(queued)) => Err(PushError::Closed(queued.item)),
        }
    }

    /// Puts a message into the inbox, waiting for room. If the future is dropped before it is done, the
    /// message is not in the inbox.
    pub(crate) async fn deliver(
        &self,
        incoming: Incoming,
        patience: Duration,
    ) -> Result<(), RejectionKind> {
        let bytes = incoming.message.as_bytes().len();
        match time::timeout(patience, self.inbox.push(Queued::new(incoming))).await {
            Ok(Ok(weight)) => {
                self.delivered(bytes, weight);
                Ok(())
            }
            Ok(Err(_closed)) => Err(RejectionKind::SessionNotFound),
            Err(_elapsed) => Err(RejectionKind::SessionBusy),
        }
    }

    fn delivered(&self, bytes: usize, weight: u32) {
        self.touch();
        self.observer.received(bytes, weight);
    }

    /// The handler's side of the inbox. `None` once the inbox is closed and empty.
    pub(super) fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.inbox.poll_pop(cx).map(|popped| {
            let (Queued { item, since }, weight) = popped?;
            self.observer.taken(since, weight);
            Some(item)
        })
    }

    /// Puts a message into the outbox if there is room.
    pub(super) fn try_send(&self, outgoing: Outgoing) -> Result<(), PushError<Outgoing>> {
        match self.outbox.try_push(Queued::new(outgoing)) {
            Ok(weight) => {
                self.sent(weight);
                Ok(())
            }
            Err(PushError::Full(queued)) => Err(PushError::Full(queued.item)),
            Err(PushError::Closed(queued)) => Err(PushError::Closed(queued.item)),
        }
    }

    /// Puts a message into the outbox, waiting for room.
    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<(), Outgoing> {
        self.observer.waits();
        let sent = self.outbox.push(Queued::new(outgoing)).await;
        let weight = sent.map_err(|queued| queued.item)?;
        self.sent(weight);
        Ok(())
    }

    fn sent(&self, weight: u32) {
        self.touch();
        self.observer.sent(weight);
    }

    /// The stream's side of the outbox: the next message, if there is one now.
    pub(crate) fn next_outgoing(&self) -> Option<Outgoing> {
        self.outbox.pop().map(|popped| self.written(popped))
    }

    /// As `next_outgoing`, and waits. `None` once the session is closed and all is out.
    pub(crate) fn poll_outgoing(&self, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        let popped = self.outbox.poll_pop(cx);
        popped.map(|popped| popped.map(|popped| self.written(popped)))
    }

    fn written(&self, (queued, weight): (Queued<Outgoing>, u32)) -> Outgoing {
        let Queued { item, since } = queued;
        self.observer.written(item.message(), since, weight);
        item
    }

    /// The stream is being polled, so nobody need wake it. Says whether the session is still open.
    pub(crate) fn disarm(&self) -> bool {
        self.outbox.disarm()
    }

    /// Takes no more messages from the client. Those in the inbox may be taken out.
    pub(super) fn drain(&self) {
        self.lifecycle.drain();
        self.inbox.close();
    }

    /// The reason for a close because the handler returned.
    pub(crate) fn reason_of_return(&self) -> CloseReason {
        match self.lifecycle.is_draining() {
            true => CloseReason::Shutdown,
            false => CloseReason::HandlerReturned,
        }
    }

    /// Takes no more messages from the client, and drops those in the inbox.
    pub(super) fn discard_inbox(&self) {
        self.observer.untaken(self.inbox.discard());
    }

    /// Closes the session. Its stream gives out what was sent before, then ends.
    pub(super) fn close(&self, reason: CloseReason) {
        // The reason comes first: whoever sees the close can read it.
        let is_first = self.lifecycle.close(reason);
        self.outbox.close();
        self.discard_inbox();
        self.lifecycle.notify();
        if is_first {
            self.observer.closed(reason.as_str(), self.age());
        }
    }

    /// Drops what the client did not read.
    pub(super) fn discard_outbox(&self) {
        self.observer.unread(self.outbox.discard());
    }

    /// Why the session was closed, or `None` while it is open.
    pub(crate) fn close_reason(&self) -> Option<CloseReason> {
        self.lifecycle.close_reason()
    }

    pub(crate) async fn closed(&self) -> CloseReason {
        self.lifecycle.closed().await
    }

    /// When the last message came or went, if there is an idle timeout.
    pub(crate) fn last_activity(&self) -> Option<Instant> {
        self.activity.as_ref().map(Activity::last)
    }

    fn touch(&self) {
        if let Some(activity) = &self.activity {
            activity.touch();
        }
    }

    /// The number of messages in the inbox and in the outbox, and their bytes.
    pub(super) fn depths(&self) -> [(usize, usize); 2] {
        [self.inbox.depth(), self.outbox.depth()]
    }
}
