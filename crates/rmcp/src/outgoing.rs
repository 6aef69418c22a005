use std::{
    fmt, io,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

use mcp_sse_server::{
    Message,
    session::{SessionSender, TrySendError},
};
use tokio::sync::{Notify, Semaphore};

/// Sends rmcp's messages in the order of the calls of [`send`](Self::send), and counts those that wait for
/// room in the outbox. rmcp runs the futures of `send` in tasks, side by side.
#[derive(Debug)]
pub(crate) struct Outgoing {
    sender: SessionSender,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// Has one permit: the right to send. It is fair, so messages are sent in the order in which they ask
    /// for it.
    turn: Semaphore,
    waiting: AtomicUsize,
    /// How many messages have stopped waiting.
    done: AtomicUsize,
    changed: Notify,
}

impl Outgoing {
    pub(crate) fn new(sender: SessionSender) -> Self {
        Self {
            sender,
            shared: Arc::new(Shared {
                turn: Semaphore::new(1),
                waiting: AtomicUsize::new(0),
                done: AtomicUsize::new(0),
                changed: Notify::new(),
            }),
        }
    }

    pub(crate) fn sender(&self) -> &SessionSender {
        &self.sender
    }

    /// Sends a message after all messages of earlier calls.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it completes, its message is not sent. The others keep their order.
    pub(crate) fn send(&mut self, message: Message) -> Sent {
        // While a message waits, it has the permit.
        let message = match self.shared.turn.try_acquire() {
            Err(_) => message,
            Ok(_turn) => match self.sender.try_send(message) {
                Ok(()) => return Sent::now(Ok(())),
                Err(TrySendError::Full(message)) => message,
                Err(TrySendError::Closed(_)) => return Sent::now(Err(closed())),
            },
        };
        let waiting = Waiting::new(&self.shared);
        let sender = self.sender.clone();
        let mut sent = Box::pin(async move {
            let _turn = waiting.shared.turn.acquire().await;
            sender.send(message).await.map_err(|_| closed())
        });
        // This first poll takes the place in the order. The task that polls it next gets a waker.
        match sent.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(sent) => Sent::now(sent),
            Poll::Pending => Sent::Waits(sent),
        }
    }

    /// How many messages have stopped waiting so far. Pass the value to `moved`.
    pub(crate) fn done(&self) -> usize {
        self.shared.done.load(SeqCst)
    }

    /// Waits until no message waits, or until one message has stopped waiting since `done`. So a client that
    /// reads slowly continues, one message at a time, and a client that does not read is paused.
    pub(crate) async fn moved(&self, done: usize) {
        while self.shared.waiting.load(SeqCst) > 0 {
            let mut changed = pin!(self.shared.changed.notified());
            // Register first, then check, so that no change in between is missed.
            changed.as_mut().enable();
            if self.shared.waiting.load(SeqCst) == 0 || self.done() != done {
                return;
            }
            changed.await;
        }
    }
}

/// One message that waits. Dropping the guard ends its wait.
#[derive(Debug)]
struct Waiting {
    shared: Arc<Shared>,
}

impl Waiting {
    fn new(shared: &Arc<Shared>) -> Self {
        shared.waiting.fetch_add(1, SeqCst);
        Self {
            shared: Arc::clone(shared),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.done.fetch_add(1, SeqCst);
        self.shared.waiting.fetch_sub(1, SeqCst);
        self.shared.changed.notify_waiters();
    }
}

/// The future of [`Outgoing::send`].
pub(crate) enum Sent {
    Now(Option<io::Result<()>>),
    /// Boxed, because rmcp moves this future into a task for each message, and few messages wait.
    Waits(Pin<Box<dyn Future<Output = io::Result<()>> + Send>>),
}

impl Sent {
    pub(crate) fn now(sent: io::Result<()>) -> Self {
        Self::Now(Some(sent))
    }
}

impl Future for Sent {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Now(sent) => Poll::Ready(sent.take().expect("polled after it has completed")),
            Self::Waits(sent) => sent.as_mut().poll(cx),
        }
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sent").finish_non_exhaustive()
    }
}

fn closed() -> io::Error {
    let what = "the session is closed, the message was not sent";
    io::Error::new(io::ErrorKind::NotConnected, what)
}
