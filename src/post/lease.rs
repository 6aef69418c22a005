use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::time::{Duration, Instant, timeout};

use crate::session::{Budget, Channel};

/// One body's share of what the bodies of its session, and those of all sessions, may have together.
/// Given back when it is dropped.
pub(super) struct Lease {
    /// None if the session is another node's.
    channel: Option<Arc<Channel>>,
    all: Arc<Budget>,
    held: usize,
    /// For how long it may wait yet.
    patience: Duration,
    wait: Option<Wait>,
}

/// Boxed: only a budget that is spent makes one.
type Wait = Pin<Box<dyn Future<Output = Result<Duration, NoRoom>> + Send>>;

/// Where there was no room, and none came in time; or that nobody waits for the body any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoom {
    InSession,
    InAll,
    SessionEnded,
}

impl Lease {
    pub(super) fn new(channel: Option<Arc<Channel>>, all: Arc<Budget>, patience: Duration) -> Self {
        Self {
            channel,
            all,
            held: 0,
            patience,
            wait: None,
        }
    }

    /// Takes room for so many bytes more, and waits for it if there is none.
    pub(super) fn poll_grow(
        &mut self,
        cx: &mut Context<'_>,
        bytes: usize,
    ) -> Poll<Result<(), NoRoom>> {
        if self.wait.is_none() && !self.take(bytes) {
            let wait = take_when_free(
                self.channel.clone(),
                Arc::clone(&self.all),
                bytes,
                self.patience,
            );
            self.wait = Some(Box::pin(wait));
        }
        if let Some(wait) = &mut self.wait {
            let left = ready!(wait.as_mut().poll(cx));
            self.wait = None;
            self.patience = left?;
        }
        self.held += bytes;
        Poll::Ready(Ok(()))
    }

    pub(super) fn channel(&self) -> Option<&Arc<Channel>> {
        self.channel.as_ref()
    }

    /// What is left of the patience, for the wait that comes after those for room.
    pub(super) fn patience(&self) -> Duration {
        self.patience
    }

    fn take(&self, bytes: usize) -> bool {
        let session = self.channel.as_ref().map(|channel| channel.in_flight());
        if session.is_some_and(|session| !session.take(bytes)) {
            return false;
        }
        let taken = self.all.take(bytes);
        if let (false, Some(session)) = (taken, session) {
            session.give_back(bytes);
        }
        taken
    }
}

/// The session's own room first: who waits for that holds none of the others'. Gives what is left of
/// the patience.
async fn take_when_free(
    channel: Option<Arc<Channel>>,
    all: Arc<Budget>,
    bytes: usize,
    patience: Duration,
) -> Result<Duration, NoRoom> {
    let start = Instant::now();
    let Some(channel) = channel else {
        let taken = timeout(patience, all.take_when_free(bytes)).await;
        return match taken {
            Ok(()) => Ok(patience.saturating_sub(start.elapsed())),
            Err(_elapsed) => Err(NoRoom::InAll),
        };
    };
    let session = channel.in_flight();
    let mut missing = NoRoom::InSession;
    let outcome = {
        let mut both = pin!(async {
            session.take_when_free(bytes).await;
            let taken = Taken(session, bytes);
            missing = NoRoom::InAll;
            all.take_when_free(bytes).await;
            taken.keep();
        });
        let mut ended = pin!(channel.ended());
        let either = poll_fn(|cx| match ended.as_mut().poll(cx) {
            Poll::Ready(_reason) => Poll::Ready(Err(NoRoom::SessionEnded)),
            Poll::Pending => both.as_mut().poll(cx).map(Ok),
        });
        timeout(patience, either).await
    };
    match outcome {
        Ok(taken) => taken.map(|()| patience.saturating_sub(start.elapsed())),
        Err(_elapsed) => Err(missing),
    }
}

/// What was taken of a budget, given back if it is dropped.
struct Taken<'a>(&'a Budget, usize);

impl Taken<'_> {
    fn keep(mut self) {
        self.1 = 0;
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        if self.1 > 0 {
            self.0.give_back(self.1);
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.held > 0 {
            if let Some(channel) = &self.channel {
                channel.in_flight().give_back(self.held);
            }
            self.all.give_back(self.held);
        }
    }
}
