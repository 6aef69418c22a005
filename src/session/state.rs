use std::{
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};

use http::request::Parts;
use tokio::time::{Duration, Instant};

use crate::{
    calls::{Answered, Calls},
    message::{Message, OwnedRequestId},
    observe::{Observer, SessionObserver, Stamp},
    options::Options,
    queue::{Budgets, Queue},
    sync::{Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
};

use super::{
    activity::Activity,
    close_reason::CloseReason,
    handshake::Handshake,
    id::SessionId,
    incoming::Incoming,
    lifecycle::Lifecycle,
    open_requests::{Drained, OpenRequests},
    outgoing::Outgoing,
    principal::Principal,
};

/// The shared part of a session: its queues and its lifecycle.
pub(crate) struct State {
    pub(super) id: SessionId,
    pub(super) principal: Option<Principal>,
    opened: Instant,
    /// A text of the handler's author.
    tag: Mutex<Option<Arc<str>>>,
    pub(super) inbox: Queue<(Incoming, Stamp)>,
    pub(super) outbox: Queue<(Outgoing, Stamp)>,
    pub(super) open: OpenRequests,
    pub(super) handshake: Handshake,
    /// Boxed and made when it is needed: most handlers send no request.
    calls: OnceLock<Box<Calls>>,
    /// The budgets for the bodies of its `POST`s.
    pub(super) bodies: Budgets,
    /// `None` without an idle timeout, because it reads the clock for each message.
    activity: Option<Activity>,
    lifecycle: Lifecycle,
    /// True while the server waits for the next bytes of the stream.
    pub(super) asks: AtomicBool,
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
            tag: Mutex::default(),
            inbox: Queue::new(options.queue),
            outbox: Queue::new(options.queue),
            open: OpenRequests::default(),
            handshake: Handshake::default(),
            calls: OnceLock::new(),
            bodies: options.bodies.session(),
            activity: options.idle_timeout.map(|_| Activity::new()),
            lifecycle: Lifecycle::new(),
            asks: AtomicBool::new(false),
            observer: observer.session(id.prefix()),
        }
    }

    pub(super) fn tag(&self) -> Option<Arc<str>> {
        self.lock_tag().clone()
    }

    pub(super) fn set_tag(&self, tag: Arc<str>) {
        *self.lock_tag() = Some(tag);
    }

    fn lock_tag(&self) -> MutexGuard<'_, Option<Arc<str>>> {
        self.tag.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// The requests of the handler that wait for an answer.
    pub(super) fn calls(&self) -> &Calls {
        self.calls.get_or_init(Box::default)
    }

    /// Takes a message of the client, if it answers a request of the handler.
    pub(super) fn answer(&self, message: &Message) -> Answered {
        match self.calls.get() {
            Some(calls) if self.close_reason().is_none() => calls.answer(message),
            _ => Answered::No,
        }
    }

    /// Closes the inbox of a session that is drained.
    pub(super) fn settle(&self, drained: Drained) {
        if drained == Drained::Yes {
            self.inbox.close();
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

    /// Removes the waker of the stream, because the stream is being polled now. Returns whether the
    /// session is open.
    pub(crate) fn disarm(&self) -> bool {
        self.outbox.disarm()
    }

    /// Refuses further requests of the client. When no request is open any more, all further messages are
    /// refused, and the handler receives `None` after those in the inbox.
    pub(super) fn drain(&self, reason: CloseReason) {
        self.lifecycle.drain(reason);
        self.settle(self.open.drain());
        self.lifecycle.notify();
    }

    /// The requests that have no answer. None is accepted after that.
    pub(crate) fn unanswered(&self) -> Vec<OwnedRequestId> {
        self.open.end()
    }

    /// The reason of a close, if the handler returned.
    pub(crate) fn reason_of_return(&self) -> CloseReason {
        let drains = self.lifecycle.drain_reason();
        drains.unwrap_or(CloseReason::HandlerReturned)
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
        self.handshake.wake();
        // After the outbox: a request that was sent before is in the calls now.
        if let Some(calls) = self.calls.get() {
            calls.close();
        }
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

    pub(super) fn is_draining(&self) -> bool {
        self.lifecycle.drain_reason().is_some()
    }

    pub(super) async fn draining(&self) {
        self.lifecycle.draining().await;
    }

    /// Records that the stream is gone.
    pub(super) fn leave(&self) {
        self.discard_outbox();
        self.lifecycle.leave();
        self.lifecycle.notify();
    }

    /// Waits until the stream is gone.
    pub(super) async fn left(&self) {
        self.lifecycle.left().await;
    }

    /// The time of the last message in either direction. `None` without an idle timeout.
    pub(crate) fn last_activity(&self) -> Option<Instant> {
        self.activity.as_ref().map(Activity::last)
    }

    /// Records that a message was received or sent.
    pub(super) fn touch(&self) {
        if let Some(activity) = &self.activity {
            activity.touch();
        }
    }

    /// The number of messages in the inbox and in the outbox, each with their bytes.
    pub(super) fn depths(&self) -> [(usize, usize); 2] {
        [self.inbox.depth(), self.outbox.depth()]
    }
}
