use std::{
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use crate::session::{Channel, DeliveryError, Incoming};

/// A message that waits for room in its session's inbox. Dropped before it is done, the message is
/// not delivered.
///
/// Boxed: only a full inbox makes one, and a box is cheaper than to carry the state of a wait in the
/// future of each `POST`.
pub(super) struct Delivery {
    wait: Pin<Box<dyn Future<Output = Result<(), DeliveryError>> + Send>>,
}

impl Delivery {
    pub(super) fn new(channel: Arc<Channel>, incoming: Incoming, patience: Duration) -> Self {
        let wait = Box::pin(async move { channel.deliver(incoming, patience).await });
        Self { wait }
    }
}

impl Future for Delivery {
    type Output = Result<(), DeliveryError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.wait.as_mut().poll(cx)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").finish_non_exhaustive()
    }
}
