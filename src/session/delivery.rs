use tokio::time::{self, Duration};

use crate::{
    calls::Answered, observe::Stamp, queue::PushError, response::RejectionKind,
    sync::atomic::Ordering,
};

use super::{incoming::Incoming, open_requests::Arrival, state::State};

/// Why a message is not in an inbox.
pub(crate) enum Undelivered {
    /// The inbox has no room now.
    Full(Incoming),
    Refused(RejectionKind),
}

impl State {
    /// Whether the server waits for the next bytes of the stream.
    pub(super) fn asks(&self) -> bool {
        // Relaxed: it decides only whether a message is copied.
        self.asks.load(Ordering::Relaxed)
    }

    /// Records whether the server waits for the next bytes of the stream.
    pub(crate) fn set_asks(&self, asks: bool) {
        self.asks.store(asks, Ordering::Relaxed);
    }

    /// Puts a message into the inbox if there is room. The answer to a request of the handler goes to that
    /// request instead.
    pub(crate) fn try_deliver(&self, mut incoming: Incoming) -> Result<(), Undelivered> {
        match self.answer(&incoming.message) {
            Answered::Yes => {
                self.touch();
                self.observer.answered(incoming.message.as_bytes().len());
                return Ok(());
            }
            Answered::Busy => return Err(Undelivered::Refused(RejectionKind::SessionBusy)),
            Answered::No => {}
        }
        // A message that the handler takes at once is not copied.
        if !(self.asks() && self.inbox.is_awaited()) {
            incoming.detach();
        }
        let weight = incoming.weight();
        let mut arrival = Arrival::new(&incoming.message);
        let enter =
            |(incoming, _): &(Incoming, Stamp)| arrival.enter(&incoming.message, &self.open);
        match self.inbox.try_push((incoming, Stamp::now()), weight, enter) {
            Err(PushError::Full((incoming, _))) => Err(Undelivered::Full(incoming)),
            Err(PushError::Closed(_)) | Ok(()) => {
                let delivered = self.delivered(&arrival, weight);
                delivered.map_err(Undelivered::Refused)
            }
        }
    }

    /// As `try_deliver`, after it, and waits for room. If the future is dropped before it completes, the message is
    /// not in the inbox.
    pub(crate) async fn deliver(
        &self,
        incoming: Incoming,
        patience: Duration,
    ) -> Result<(), RejectionKind> {
        let weight = incoming.weight();
        let mut arrival = Arrival::new(&incoming.message);
        let enter =
            |(incoming, _): &(Incoming, Stamp)| arrival.enter(&incoming.message, &self.open);
        let push = self.inbox.push((incoming, Stamp::now()), weight, enter);
        match time::timeout(patience, push).await {
            Ok(_) => self.delivered(&arrival, weight),
            Err(_elapsed) => Err(RejectionKind::SessionBusy),
        }
    }

    /// The inbox took or refused a message.
    fn delivered(&self, arrival: &Arrival, weight: u32) -> Result<(), RejectionKind> {
        let drained = arrival.result()?;
        self.touch();
        self.observer.received(arrival.bytes, weight);
        self.settle(drained);
        Ok(())
    }
}
