use std::task::{Context, Poll};

use http::request::Parts;
use tokio::time::{self, Duration, Instant};

use crate::observe::{Meter, SessionObserver};

use super::{
    activity::Activity,
    budget::Budget,
    close_reason::CloseReason,
    delivery::{DeliveryError, Offer},
    ending::Ending,
    id::SessionId,
    incoming::Incoming,
    open_requests::OpenRequests,
    outgoing::Outgoing,
    principal::Principal,
    queue::{Capacity, PushError, Queue},
};

/// What the transport's options say of each session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ChannelOptions {
    pub(crate) inbox: Capacity,
    pub(crate) outbox: Capacity,
    pub(crate) in_flight_bytes: usize,
    pub(crate) track_activity: bool,
    pub(crate) track_requests: bool,
}

/// What all who have to do with one session share: its two queues.
pub(crate) struct Channel {
    id: SessionId,
    principal: Option<Principal>,
    opened: Instant,
    inbox: Queue<Incoming>,
    outbox: Queue<Outgoing>,
    in_flight: Budget,
    activity: Option<Activity>,
    requests: Option<OpenRequests>,
    ending: Ending,
    observer: SessionObserver,
}

impl Channel {
    pub(super) fn new(
        id: SessionId,
        principal: Option<Principal>,
        options: &ChannelOptions,
        meter: &Meter,
    ) -> Self {
        Self {
            id,
            principal,
            opened: Instant::now(),
            inbox: Queue::new(options.inbox, meter.inbox()),
            outbox: Queue::new(options.outbox, meter.outbox()),
            in_flight: Budget::new(options.in_flight_bytes),
            activity: options.track_activity.then(Activity::new),
            requests: options.track_requests.then(OpenRequests::default),
            ending: Ending::new(),
            observer: SessionObserver::new(meter.clone()),
        }
    }

    pub(crate) fn id(&self) -> &SessionId {
        &self.id
    }

    /// Who opened the session.
    pub(crate) fn principal(&self) -> Option<&Principal> {
        self.principal.as_ref()
    }

    pub(crate) fn observer(&self) -> &SessionObserver {
        &self.observer
    }

    /// The session is in the registry.
    pub(super) fn opened(&self, parts: &Parts) {
        self.observer.opened(&self.id, self.principal(), parts);
    }

    pub(super) fn age(&self) -> Duration {
        self.opened.elapsed()
    }

    /// The bytes that the bodies of its `POST`s may have together on their way into the inbox.
    pub(crate) fn in_flight(&self) -> &Budget {
        &self.in_flight
    }

    /// Puts a message into the inbox if it has room.
    pub(crate) fn offer(&self, incoming: Incoming) -> Offer {
        let bytes = incoming.message.as_bytes().len();
        match self.inbox.try_push(incoming) {
            Ok(()) => {
                self.received(bytes);
                Offer::Taken
            }
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
        let bytes = incoming.message.as_bytes().len();
        match time::timeout(patience, self.inbox.push(incoming)).await {
            Ok(Ok(())) => {
                self.received(bytes);
                Ok(())
            }
            Ok(Err(_incoming)) => Err(DeliveryError::Ended),
            Err(_elapsed) => Err(DeliveryError::Busy),
        }
    }

    fn received(&self, bytes: usize) {
        self.touch();
        self.observer.received(bytes);
    }

    pub(super) fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<Incoming>> {
        let incoming = self.inbox.poll_pop(cx);
        if let (Some(requests), Poll::Ready(Some(incoming))) = (&self.requests, &incoming) {
            requests.received(&incoming.message);
        }
        incoming
    }

    /// Puts a message into the outbox, waiting for room.
    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<(), Outgoing> {
        self.observer.waits();
        let answered = self.answered(&outgoing);
        self.outbox.push(outgoing).await?;
        self.sent(answered);
        Ok(())
    }

    /// Puts a message into the outbox if it has room.
    pub(super) fn try_send(&self, outgoing: Outgoing) -> Result<(), PushError<Outgoing>> {
        let answered = self.answered(&outgoing);
        self.outbox.try_push(outgoing)?;
        self.sent(answered);
        Ok(())
    }

    /// The request that a message answers, if somebody wants to know.
    fn answered(&self, outgoing: &Outgoing) -> Option<Box<str>> {
        self.requests.as_ref()?;
        outgoing.message().and_then(OpenRequests::answered_by)
    }

    fn sent(&self, answered: Option<Box<str>>) {
        self.touch();
        self.observer.sent();
        if let (Some(requests), Some(id)) = (&self.requests, answered) {
            requests.answered(&id);
        }
    }

    /// The stream's side of the outbox: what is next, if there is anything now.
    pub(crate) fn next_outgoing(&self) -> Option<Outgoing> {
        let outgoing = self.outbox.pop()?;
        self.observer.written(outgoing.message());
        Some(outgoing)
    }

    /// As `next_outgoing`, and waits. `None` once the session has ended and all is out.
    pub(crate) fn poll_outgoing(&self, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        let outgoing = self.outbox.poll_pop(cx);
        if let Poll::Ready(Some(outgoing)) = &outgoing {
            self.observer.written(outgoing.message());
        }
        outgoing
    }

    /// The stream is being polled: nobody need wake it. Says whether the session is still open.
    pub(crate) fn disarm(&self) -> bool {
        self.outbox.disarm()
    }

    /// Answers each request that is still open with an error, if they are known.
    pub(crate) fn fail_open_requests(&self) {
        for answer in self.requests.iter().flat_map(OpenRequests::fail) {
            self.outbox.force(Outgoing::Message(answer));
        }
    }

    /// The server shuts down: no more messages from the client. Later ones are refused, those in the
    /// inbox may be taken out.
    pub(super) fn tell_shutdown(&self) {
        self.ending.shut_down();
        self.inbox.close();
    }

    /// Why a session ends whose handler returns.
    pub(crate) fn reason_of_return(&self) -> CloseReason {
        self.ending.reason_of_return()
    }

    /// No more messages from the client, and drops those in the inbox.
    pub(super) fn discard_inbox(&self) {
        let untaken = self.inbox.discard();
        self.observer.untaken(untaken);
    }

    /// Ends the session: the stream gives out what was sent before, then ends.
    pub(super) fn end(&self, reason: CloseReason) {
        // Before the rest: who sees the end, sees the reason.
        let is_first = self.ending.set(reason);
        self.outbox.close();
        self.discard_inbox();
        self.ending.notify();
        if is_first {
            self.observer.closed(reason, self.age());
        }
    }

    /// Drops what its client did not read.
    pub(super) fn discard_outbox(&self) {
        let unread = self.outbox.discard();
        self.observer.unread(unread);
    }

    /// Why the session ended, if it has.
    pub(super) fn close_reason(&self) -> Option<CloseReason> {
        self.ending.reason()
    }

    pub(crate) async fn ended(&self) -> CloseReason {
        self.ending.wait().await
    }

    /// When the last message came or went, if anybody wants to know.
    pub(crate) fn last_activity(&self) -> Option<Instant> {
        self.activity.as_ref().map(Activity::last)
    }

    fn touch(&self) {
        if let Some(activity) = &self.activity {
            activity.touch();
        }
    }

    /// How many messages wait in the inbox and in the outbox, and their bytes.
    pub(super) fn depths(&self) -> [(usize, usize); 2] {
        [self.inbox.depth(), self.outbox.depth()]
    }
}
