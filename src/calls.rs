//! Requests of the server that wait for the client's answer.

use std::task::{Context, Poll, Waker};

use crate::{
    message::{Message, MessageKind, OwnedRequestId, RequestId},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The most requests of one session that may wait at the same time.
pub(crate) const MAX_CALLS: usize = 64;
/// The most bytes of a session's answers that its handler has not taken yet. One answer may be larger.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What the ids begin with. A decimal number follows.
const PREFIX: &str = "mcp-sse-server/";

/// The requests of one session that wait for an answer.
///
/// An answer passes by the inbox, so that a handler can wait for it between two messages.
#[derive(Default)]
pub(crate) struct Calls {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    next: u64,
    open: Vec<Call>,
    /// The bytes of the answers in `open`.
    bytes: usize,
    is_closed: bool,
}

struct Call {
    number: u64,
    step: Step,
}

enum Step {
    Waits(Option<Waker>),
    Answered(Message),
}

/// Why a request cannot wait for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// [`MAX_CALLS`] requests wait.
    TooMany,
    Closed,
}

/// What became of a message of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// It is the answer to a request, and was taken.
    Yes,
    /// It is the answer to a request, and there is no room for it now.
    Busy,
    /// It answers none of these requests.
    No,
}

impl Calls {
    /// The number of a new request.
    pub(crate) fn number(&self) -> u64 {
        let mut list = self.lock();
        list.next += 1;
        list.next
    }

    /// Begins to wait for an answer. Call [`leave`](Self::leave) later.
    pub(crate) fn enter(&self, number: u64) -> Result<(), Refused> {
        let mut list = self.lock();
        if list.is_closed {
            return Err(Refused::Closed);
        }
        if list.open.len() == MAX_CALLS {
            return Err(Refused::TooMany);
        }
        let step = Step::Waits(None);
        list.open.push(Call { number, step });
        Ok(())
    }

    /// Waits for the answer. `None` if there will be none, because the session is closed.
    pub(crate) fn poll(&self, number: u64, cx: &mut Context<'_>) -> Poll<Option<Message>> {
        // The code of wakers must not run under the lock.
        let own = cx.waker().clone();
        let mut list = self.lock();
        let is_closed = list.is_closed;
        let Some(at) = list.position(number) else {
            return Poll::Ready(None);
        };
        if let Step::Waits(waker) = &mut list.open[at].step {
            if is_closed {
                return Poll::Ready(None);
            }
            let old = waker.replace(own);
            drop(list);
            drop(old);
            return Poll::Pending;
        }
        Poll::Ready(list.remove(at))
    }

    /// Ends the wait. Returns whether there was no answer.
    pub(crate) fn leave(&self, number: u64) -> bool {
        let mut list = self.lock();
        let Some(at) = list.position(number) else {
            return false;
        };
        let call = list.open.swap_remove(at);
        if let Step::Answered(answer) = &call.step {
            list.bytes -= answer.as_bytes().len();
        }
        drop(list);
        matches!(call.step, Step::Waits(_))
    }

    /// Takes a message of the client, if it answers a request. An answer to a request that waits no more is
    /// dropped.
    pub(crate) fn answer(&self, message: &Message) -> Answered {
        let (MessageKind::Response | MessageKind::Error) = message.kind() else {
            return Answered::No;
        };
        let Some(number) = message.id().and_then(number) else {
            return Answered::No;
        };
        // It may wait, and would keep the connection's read buffer in memory.
        let mut answer = message.clone();
        answer.detach();
        let mut list = self.lock();
        if number > list.next {
            return Answered::No;
        }
        let Some(at) = list.position(number) else {
            return Answered::Yes;
        };
        let bytes = list.bytes + message.as_bytes().len();
        if list.bytes > 0 && bytes > MAX_BYTES {
            return Answered::Busy;
        }
        let Step::Waits(waker) = &mut list.open[at].step else {
            // A second answer.
            return Answered::Yes;
        };
        let waker = waker.take();
        list.open[at].step = Step::Answered(answer);
        list.bytes = bytes;
        drop(list);
        if let Some(waker) = waker {
            waker.wake();
        }
        Answered::Yes
    }

    /// Ends all waits, because the session is closed.
    pub(crate) fn close(&self) {
        let mut list = self.lock();
        list.is_closed = true;
        let wakers: Vec<Waker> = list.open.iter_mut().filter_map(Call::waker).collect();
        drop(list);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn position(&self, number: u64) -> Option<usize> {
        self.open.iter().position(|call| call.number == number)
    }

    /// Removes a call that is answered.
    fn remove(&mut self, at: usize) -> Option<Message> {
        let Step::Answered(answer) = self.open.swap_remove(at).step else {
            return None;
        };
        self.bytes -= answer.as_bytes().len();
        Some(answer)
    }
}

impl Call {
    fn waker(&mut self) -> Option<Waker> {
        match &mut self.step {
            Step::Waits(waker) => waker.take(),
            Step::Answered(_) => None,
        }
    }
}

/// The id of a request.
pub(crate) fn id(number: u64) -> OwnedRequestId {
    format!("{PREFIX}{number}").into()
}

/// The number of the request that has an id.
fn number(id: RequestId<'_>) -> Option<u64> {
    match id {
        RequestId::String(text) => text.strip_prefix(PREFIX)?.parse().ok(),
        RequestId::Integer(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio_test::task;

    use super::*;

    fn answer(number: u64, pad: usize) -> Message {
        Message::response(id(number), &json!({ "x": "x".repeat(pad) })).unwrap()
    }

    fn entered(calls: &Calls) -> u64 {
        let number = calls.number();
        calls.enter(number).unwrap();
        number
    }

    fn wait(calls: &Calls, number: u64) -> task::Spawn<impl Future<Output = Option<Message>>> {
        task::spawn(std::future::poll_fn(move |cx| calls.poll(number, cx)))
    }

    #[test]
    fn an_answer_goes_to_the_request_that_has_its_id() {
        let calls = Calls::default();
        let (a, b) = (entered(&calls), entered(&calls));
        let (mut wait_a, mut wait_b) = (wait(&calls, a), wait(&calls, b));
        assert!(wait_a.poll().is_pending() && wait_b.poll().is_pending());
        assert_eq!(calls.answer(&answer(b, 1)), Answered::Yes);
        assert!(wait_b.is_woken() && !wait_a.is_woken());
        assert_eq!(wait_b.poll(), Poll::Ready(Some(answer(b, 1))));
        assert!(wait_a.poll().is_pending());
        let error = Message::error(id(a), (-1).into(), "no").unwrap();
        assert_eq!(calls.answer(&error), Answered::Yes);
        assert_eq!(wait_a.poll(), Poll::Ready(Some(error)));
    }

    #[test]
    fn a_late_answer_and_a_second_one_are_dropped_and_others_are_not_taken() {
        let calls = Calls::default();
        let number = entered(&calls);
        assert_eq!(calls.answer(&answer(number, 1)), Answered::Yes);
        assert_eq!(calls.answer(&answer(number, 2)), Answered::Yes);
        assert!(!calls.leave(number));
        assert_eq!(calls.answer(&answer(number, 1)), Answered::Yes);
        assert!(calls.leave(entered(&calls)));
        for other in [
            answer(3, 1),
            Message::response(1, &json!({})).unwrap(),
            Message::response("1", &json!({})).unwrap(),
            Message::response("mcp-sse-server/initialize", &json!({})).unwrap(),
            Message::request(id(number), "m", &()).unwrap(),
        ] {
            assert_eq!(calls.answer(&other), Answered::No);
        }
    }

    #[test]
    fn answers_that_nobody_takes_are_bounded_in_bytes() {
        let calls = Calls::default();
        let [a, b, c] = [(); 3].map(|()| entered(&calls));
        // One may be larger than the bound.
        assert_eq!(calls.answer(&answer(a, 2 * MAX_BYTES)), Answered::Yes);
        assert_eq!(calls.answer(&answer(b, 1)), Answered::Busy);
        assert!(!calls.leave(a));
        assert_eq!(calls.answer(&answer(b, MAX_BYTES / 2)), Answered::Yes);
        assert_eq!(calls.answer(&answer(c, MAX_BYTES / 2)), Answered::Busy);
        assert!(wait(&calls, b).poll().is_ready());
        assert_eq!(calls.answer(&answer(c, MAX_BYTES / 2)), Answered::Yes);
    }

    #[test]
    fn the_number_of_calls_is_bounded() {
        let calls = Calls::default();
        let numbers: Vec<u64> = (0..MAX_CALLS).map(|_| entered(&calls)).collect();
        assert_eq!(calls.enter(calls.number()), Err(Refused::TooMany));
        calls.leave(numbers[7]);
        entered(&calls);
    }

    #[test]
    fn a_close_ends_the_waits_but_keeps_what_was_answered() {
        let calls = Calls::default();
        let (a, b) = (entered(&calls), entered(&calls));
        let (mut wait_a, mut wait_b) = (wait(&calls, a), wait(&calls, b));
        assert!(wait_a.poll().is_pending() && wait_b.poll().is_pending());
        assert_eq!(calls.answer(&answer(b, 1)), Answered::Yes);
        calls.close();
        assert!(wait_a.is_woken());
        assert_eq!(wait_a.poll(), Poll::Ready(None));
        assert_eq!(wait_b.poll(), Poll::Ready(Some(answer(b, 1))));
        assert_eq!(calls.enter(calls.number()), Err(Refused::Closed));
        assert!(calls.leave(a));
    }
}
