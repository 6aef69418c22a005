use std::task::{Context, Poll, Waker};

use crate::{
    message::{Message, MessageKind, RequestId},
    observe::SessionObserver,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

/// The id of an `initialize` request that this crate makes.
///
/// A client that sends the same id is not confused with it: while the handler owes the answer, it gets no
/// other request.
pub(super) const INITIALIZE_ID: &str = "mcp-sse-server/initialize";

/// The handler's answer to an `initialize` request that the client did not send. It does not reach the
/// client.
#[derive(Default)]
pub(super) struct Handshake {
    /// Whether an answer is awaited. Read for each message that is sent.
    is_open: AtomicBool,
    step: Mutex<Step>,
}

#[derive(Default)]
enum Step {
    #[default]
    None,
    Waits(Option<Waker>),
    Answered {
        is_error: bool,
    },
}

impl Handshake {
    /// The handler is about to receive the request.
    pub(super) fn begin(&self) {
        *self.lock() = Step::Waits(None);
        self.is_open.store(true, Ordering::Release);
    }

    /// Takes a message of the handler, if it is the answer.
    pub(super) fn takes(&self, message: Option<&Message>, observer: &SessionObserver) -> bool {
        if !self.is_open.load(Ordering::Acquire) {
            return false;
        }
        let Some(message) = message else {
            return false;
        };
        let is_error = match message.kind() {
            MessageKind::Response => false,
            MessageKind::Error => true,
            MessageKind::Request | MessageKind::Notification => return false,
        };
        if message.id() != Some(RequestId::String(INITIALIZE_ID)) {
            return false;
        }
        self.is_open.store(false, Ordering::Release);
        let step = std::mem::replace(&mut *self.lock(), Step::Answered { is_error });
        if is_error {
            observer.not_initialized(message);
        }
        if let Step::Waits(Some(waker)) = step {
            waker.wake();
        }
        true
    }

    /// Ready when the handler has answered. Returns whether it answered with an error.
    pub(super) fn poll_answer(&self, cx: &mut Context<'_>) -> Poll<bool> {
        // The code of wakers must not run under the lock.
        let waits = Step::Waits(Some(cx.waker().clone()));
        let mut step = self.lock();
        if let Step::Answered { is_error } = *step {
            return Poll::Ready(is_error);
        }
        let old = std::mem::replace(&mut *step, waits);
        drop(step);
        drop(old);
        Poll::Pending
    }

    /// Wakes a handler that waits, because the session is closed.
    pub(super) fn wake(&self) {
        let waker = match &mut *self.lock() {
            Step::Waits(waker) => waker.take(),
            Step::None | Step::Answered { .. } => None,
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Step> {
        self.step.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
