use std::task::{Context, Poll};

use http::request::Parts;
use tokio::time::{self, Duration, Instant};

use crate::{
    observe::{Observer, SessionObserver, Stamp},
    options::Options,
    queue::{Budget, PushError, Queue},
    response::RejectionKind,
};

use super::{
    activity::Activity, close_reason::CloseReason, id::SessionId, incoming::Incoming,
    lifecycle::Lifecycle, outgoing::Outgoing, principal::Principal,
};

/// The shared part of a session: its queues and its lifecycle.
pub(crate) struct State {
    pub(super) id: SessionId,
    pub(super) principal: Option<Principal>,
    opened: Instant,
    inbox: Queue<(Incoming, Stamp)>,
    outbox: Queue<(Outgoing, Stamp)>,
    /// The budget for the bodies of its `POST`s.
    pub(super) bodies: Budget,
    /// `None` without an idle timeout, because it reads the clock for each message.
    activity: Option<Activity>,
    lifecycle: Lifecycle,
    pub(crate) observer: SessionObserver,
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
            bodies: Budget::new(options.bodies.session_bytes),
            activity: options.idle_timeout.map(|_| Activity::new()),
            lifecycle: Lifecycle::new(),
            observer: observer.session(id.prefix()),
        }
    }

    pub(super) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// Reports that the session is in the registry.
    pub(super) fn observe_open(&self, parts: &Parts) {
        let client = self.principal.as_ref().map(Principal::client_id);
        self.observer.opened(client, parts);
        if let Some(reason) = self.close_reason() {
            self.observer.log_closed(reason.as_str(), self.age());
        }
    }

    /// Puts a message into the inbox if there is room.
    pub(crate) fn try_deliver(&self, incoming: Incoming) -> Result<(), PushError<Incoming>> {
        let (bytes, weight) = (incoming.message.as_bytes().len(), incoming.weight());
        match self.inbox.try_push((incoming, Stamp::now()), weight) {
            Ok(()) => {
                self.touch();
                self.observer.received(bytes, weight);
                Ok(())
            }
            Err(PushError::Full((incoming, _))) => Err(PushError::Full(incoming)),
            Err(PushError::Closed((incoming, _))) => Err(PushError::Closed(incoming)),
        }
    }

    /// As `try_deliver`, and waits for room. If the future is dropped before it completes, the message is
    /// not in the inbox.
    pub(crate) async fn deliver(
        &self,
        incoming: Incoming,
        patience: Duration,
    ) -> Result<(), RejectionKind> {
        let (bytes, weight) = (incoming.message.as_bytes().len(), incoming.weight());
        let push = self.inbox.push((incoming, Stamp::now()), weight);
        match time::timeout(patience, push).await {
            Ok(Ok(())) => {
                self.touch();
                self.observer.received(bytes, weight);
                Ok(())
            }
            Ok(Err(_closed)) => Err(RejectionKind::SessionNotFound),
            Err(_elapsed) => Err(RejectionKind::SessionBusy),
        }
    }

    /// Takes the next message from the inbox. `None` if the inbox is closed and empty.
    pub(super) fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.inbox.poll_pop(cx).map(|popped| {
            let ((incoming, since), weight) = popped?;
            self.observer.taken(since, weight);
            Some(incoming)
        })
    }

    /// Puts a message into the outbox if there is room.
    pub(super) fn try_send(&self, outgoing: Outgoing) -> Result<(), PushError<Outgoing>> {
        let weight = outgoing.weight();
        match self.outbox.try_push((outgoing, Stamp::now()), weight) {
            Ok(()) => {
                self.touch();
                self.observer.sent(weight);
                Ok(())
            }
            Err(PushError::Full((outgoing, _))) => Err(PushError::Full(outgoing)),
            Err(PushError::Closed((outgoing, _))) => Err(PushError::Closed(outgoing)),
        }
    }

    /// As `try_send`, and waits for room.
    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<(), Outgoing> {
        self.observer.waits();
        let weight = outgoing.weight();
        let sent = self.outbox.push((outgoing, Stamp::now()), weight).await;
        sent.map_err(|(outgoing, _)| outgoing)?;
        self.touch();
        self.observer.sent(weight);
        Ok(())
    }

    /// Takes the next message from the outbox, if there is one now.
    pub(crate) fn next_outgoing(&self) -> Option<Outgoing> {
        self.outbox.pop().map(|popped| self.written(popped))
    }

    /// As `next_outgoing`, and waits. `None` if the outbox is closed and empty.
    pub(crate) fn poll_outgoing(&self, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        let popped = self.outbox.poll_pop(cx);
        popped.map(|popped| popped.map(|popped| self.written(popped)))
    }

    fn written(&self, ((outgoing, since), weight): ((Outgoing, Stamp), u32)) -> Outgoing {
        self.observer.written(outgoing.message(), since, weight);
        outgoing
    }

    /// Removes the waker of the stream, because the stream is being polled now. Returns whether the
    /// session is open.
    pub(crate) fn disarm(&self) -> bool {
        self.outbox.disarm()
    }

    /// Refuses further messages of the client. Those in the inbox can still be received.
    pub(super) fn drain(&self) {
        self.lifecycle.drain();
        self.inbox.close();
    }

    /// The reason of a close, if the handler returned.
    pub(crate) fn reason_of_return(&self) -> CloseReason {
        match self.lifecycle.is_draining() {
            true => CloseReason::Shutdown,
            false => CloseReason::HandlerReturned,
        }
    }

    /// Refuses further messages of the client, and drops those in the inbox.
    pub(super) fn discard_inbox(&self) {
        self.observer.untaken(self.inbox.discard());
    }

    /// Closes the session. Its stream ends after the messages in the outbox.
    pub(super) fn close(&self, reason: CloseReason) {
        // Set the reason first, so that all code that sees the close can read it.
        let is_first = self.lifecycle.close(reason);
        self.outbox.close();
        self.discard_inbox();
        self.lifecycle.notify();
        if is_first {
            self.observer.closed(reason.as_str(), self.age());
        }
    }

    /// Drops the messages in the outbox.
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

    /// The time of the last message in either direction. `None` without an idle timeout.
    pub(crate) fn last_activity(&self) -> Option<Instant> {
        self.activity.as_ref().map(Activity::last)
    }

    /// Records that a message was received or sent.
    fn touch(&self) {
        if let Some(activity) = &self.activity {
            activity.touch();
        }
    }

    /// The number of messages in the inbox and in the outbox, each with their bytes.
    pub(super) fn depths(&self) -> [(usize, usize); 2] {
        [self.inbox.depth(), self.outbox.depth()]
    }
}
