use std::task::{Context, Poll};

use crate::{observe::Stamp, queue::PushError};

use super::{outgoing::Outgoing, state::State};

/// Sending: into the outbox, and out of it.
impl State {
    /// Puts a message into the outbox if there is room.
    pub(super) fn try_send(&self, mut outgoing: Outgoing) -> Result<(), PushError<Outgoing>> {
        if self.handshake.takes(outgoing.message(), &self.observer) {
            return Ok(());
        }
        // A message that the server takes at once is not copied.
        if outgoing.is_slice() && !(self.asks() && self.outbox.is_empty()) {
            outgoing.detach();
        }
        let weight = outgoing.weight();
        match self
            .outbox
            .try_push((outgoing, Stamp::now()), weight, |_| true)
        {
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
        let push = self.outbox.push((outgoing, Stamp::now()), weight, |_| true);
        push.await.map_err(|(outgoing, _)| outgoing)?;
        self.touch();
        self.observer.sent(weight);
        Ok(())
    }

    /// Takes the next message from the outbox, if there is one now.
    pub(crate) fn next_outgoing(&self) -> Option<Outgoing> {
        let ((outgoing, since), weight) = self.outbox.pop()?;
        self.written(&outgoing, since, weight);
        Some(outgoing)
    }

    /// As `next_outgoing`, and waits. `None` if the outbox is closed and empty.
    #[inline]
    pub(crate) fn poll_outgoing(&self, cx: &mut Context<'_>) -> Poll<Option<Outgoing>> {
        self.outbox.poll_pop(cx).map(|popped| {
            let ((outgoing, since), weight) = popped?;
            self.written(&outgoing, since, weight);
            Some(outgoing)
        })
    }

    #[inline]
    fn written(&self, outgoing: &Outgoing, since: Stamp, weight: u32) {
        self.observer.written(outgoing.message(), since, weight);
        if let Some(message) = outgoing.message() {
            self.settle(self.open.written(message));
        }
    }
}
