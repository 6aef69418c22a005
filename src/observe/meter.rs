use std::{sync::Arc, time::Duration};

use metrics::{Counter, Gauge, Histogram, IntoF64, counter, gauge, histogram};

use crate::{response::RejectionKind, session::CloseReason};

use super::{
    names,
    timer::{Stamp, Timer},
};

/// The metrics of one transport, for whatever recorder is installed when it is made.
#[derive(Clone)]
pub(crate) struct Meter(Arc<Handles>);

// Asked for once: a recorder looks a name up each time.
struct Handles {
    sessions: Gauge,
    opened: Counter,
    closed: [Counter; CloseReason::ALL.len()],
    duration: Histogram,
    accepted: Counter,
    refused: Counter,
    cancelled: Counter,
    post_duration: Timer,
    received: Counter,
    received_bytes: Counter,
    sent_bytes: Counter,
    keep_alives: Counter,
    broadcasts: Counter,
    broadcast_sent: Counter,
    broadcast_full: Counter,
    inbox: QueueMeter,
    outbox: QueueMeter,
}

impl Meter {
    pub(crate) fn new() -> Self {
        names::describe();
        // So that the first is seen as one more.
        counter!(names::RELAYED, "outcome" => "accepted").increment(0);
        let post = |outcome| counter!(names::POSTS, "outcome" => outcome);
        let broadcast = |outcome| counter!(names::BROADCAST_MESSAGES, "outcome" => outcome);
        let closed = |reason: CloseReason| counter!(names::CLOSED, "reason" => reason.as_str());
        Self(Arc::new(Handles {
            sessions: gauge!(names::SESSIONS),
            opened: counter!(names::OPENED),
            closed: CloseReason::ALL.map(closed),
            duration: histogram!(names::SESSION_DURATION),
            accepted: post("accepted"),
            refused: post("refused"),
            cancelled: post("cancelled"),
            post_duration: Timer::new(histogram!(names::POST_DURATION)),
            received: counter!(names::RECEIVED),
            received_bytes: counter!(names::RECEIVED_BYTES),
            sent_bytes: counter!(names::SENT_BYTES),
            keep_alives: counter!(names::KEEP_ALIVES),
            broadcasts: counter!(names::BROADCASTS),
            broadcast_sent: broadcast("sent"),
            broadcast_full: broadcast("full"),
            inbox: QueueMeter::new("inbox", names::INBOX_WAIT, Counter::noop()),
            outbox: QueueMeter::new("outbox", names::OUTBOX_WAIT, counter!(names::SENT)),
        }))
    }

    pub(super) fn opened(&self) {
        self.0.opened.increment(1);
        self.0.sessions.increment(1);
    }

    pub(super) fn closed(&self, reason: CloseReason, age: Duration) {
        self.0.sessions.decrement(1);
        self.0.closed[reason as usize].increment(1);
        self.0.duration.record(age);
    }

    pub(super) fn received(&self, bytes: usize) {
        self.0.received.increment(1);
        self.0.received_bytes.increment(bytes as u64);
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.0.sent_bytes.increment(bytes as u64);
    }

    pub(super) fn kept_alive(&self) {
        self.0.keep_alives.increment(1);
    }

    pub(crate) fn broadcast(&self, sent: usize, full: usize) {
        self.0.broadcasts.increment(1);
        self.0.broadcast_sent.increment(sent as u64);
        self.0.broadcast_full.increment(full as u64);
    }

    pub(crate) fn inbox(&self) -> QueueMeter {
        self.0.inbox.clone()
    }

    pub(crate) fn outbox(&self) -> QueueMeter {
        self.0.outbox.clone()
    }
}

/// Looked up each time: there are many kinds, and none of them is on the way of a good request.
pub(super) fn refused(service: &'static str, kind: RejectionKind) {
    let reason = kind.as_str();
    counter!(names::REFUSALS, "service" => service, "reason" => reason).increment(1);
}

/// As `refused`: there is a network behind it.
pub(super) fn relayed(outcome: &'static str) {
    counter!(names::RELAYED, "outcome" => outcome).increment(1);
}

/// The metrics of all inboxes, or of all outboxes.
#[derive(Clone)]
pub(crate) struct QueueMeter(Arc<QueueHandles>);

struct QueueHandles {
    messages: Gauge,
    bytes: Gauge,
    wait: Timer,
    taken: Counter,
    dropped: Counter,
}

impl QueueMeter {
    fn new(queue: &'static str, wait: &'static str, taken: Counter) -> Self {
        Self(Arc::new(QueueHandles {
            messages: gauge!(names::QUEUE_MESSAGES, "queue" => queue),
            bytes: gauge!(names::QUEUE_BYTES, "queue" => queue),
            wait: Timer::new(histogram!(wait)),
            taken,
            dropped: counter!(names::DROPPED, "queue" => queue),
        }))
    }

    /// A meter that nobody reads.
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Meter::new().inbox()
    }

    /// To be given back when the message is taken.
    pub(crate) fn put(&self, bytes: impl FnOnce() -> usize) -> Stamp {
        self.0.messages.increment(1);
        self.0.bytes.increment(OnDemand(bytes));
        self.0.wait.start()
    }

    pub(crate) fn taken(&self, since: Stamp, bytes: impl FnOnce() -> usize) {
        self.0.messages.decrement(1);
        self.0.bytes.decrement(OnDemand(bytes));
        self.0.wait.stop(since);
        self.0.taken.increment(1);
    }

    pub(crate) fn dropped(&self, messages: usize, bytes: impl FnOnce() -> usize) {
        if messages == 0 {
            return;
        }
        self.0.messages.decrement(messages as f64);
        self.0.bytes.decrement(OnDemand(bytes));
        self.0.dropped.increment(messages as u64);
    }
}

/// A number that is worked out for a recorder only.
struct OnDemand<F>(F);

impl<F: FnOnce() -> usize> IntoF64 for OnDemand<F> {
    fn into_f64(self) -> f64 {
        (self.0)() as f64
    }
}

/// One `POST`: dropped before it has an outcome, it was cancelled.
pub(super) struct PostMeter {
    meter: Meter,
    start: Stamp,
    outcome: bool,
}

impl PostMeter {
    pub(super) fn start(meter: &Meter) -> Self {
        Self {
            start: meter.0.post_duration.start(),
            meter: meter.clone(),
            outcome: false,
        }
    }

    pub(super) fn accepted(&mut self) {
        let handles = &self.meter.0;
        handles.accepted.increment(1);
        handles.post_duration.stop(self.start);
        self.outcome = true;
    }

    pub(super) fn refused(&mut self, kind: RejectionKind) {
        self.meter.0.refused.increment(1);
        refused("post", kind);
        self.outcome = true;
    }
}

impl Drop for PostMeter {
    fn drop(&mut self) {
        if !self.outcome {
            self.meter.0.cancelled.increment(1);
        }
    }
}
