use crate::{
    message::{Message, MessageKind, OwnedRequestId, RequestId, ShortId},
    response::RejectionKind,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::open_id::OpenId;

/// The requests of a client that have no answer yet.
///
/// A request enters before it is put into the inbox. It leaves when the stream takes its answer, or when
/// the client cancels it. If the server ends the session, those that are left get an error.
#[derive(Default)]
pub(super) struct OpenRequests {
    /// The number of a short id, or `NONE` or `SHUT`. A client that waits for each answer has one open request.
    /// It is here, and needs no lock.
    one: AtomicU64,
    list: Mutex<List>,
}

/// No request is in `one`.
const NONE: u64 = 0;
/// No request may enter, because the session drains or ends. All open requests are in the list.
const SHUT: u64 = u64::MAX;

#[derive(Default)]
struct List {
    ids: Vec<OpenId>,
    /// The memory that the ids take.
    bytes: usize,
    /// Whether the session drains.
    drains: bool,
}

/// The most requests of one session that may be open at the same time.
const MAX_REQUESTS: usize = 4096;
/// The most bytes that their ids may take.
const MAX_BYTES: usize = 256 * 1024;
/// The most bytes of one id.
const MAX_ID_BYTES: usize = 4096;

/// Whether a session that drains has no open request any more.
#[must_use = "the inbox of a session that is drained must be closed"]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    Yes,
    No,
}

/// A message on its way into an inbox, as far as it changes the open requests.
pub(super) struct Arrival {
    /// The request that the message cancels.
    cancelled: Option<OwnedRequestId>,
    result: Result<Drained, RejectionKind>,
    /// The size of the message.
    pub(super) bytes: usize,
}

impl Arrival {
    #[inline]
    pub(super) fn new(message: &Message) -> Self {
        Self {
            cancelled: match message.kind() {
                MessageKind::Notification => message.cancelled(),
                _ => None,
            },
            // If it is not asked, the inbox is closed.
            result: Err(RejectionKind::SessionNotFound),
            bytes: message.as_bytes().len(),
        }
    }

    /// The message is put into the inbox, unless this returns false.
    #[inline]
    pub(super) fn enter(&mut self, message: &Message, open: &OpenRequests) -> bool {
        self.result = match message.kind() {
            MessageKind::Request => open.enter(message).map(|()| Drained::No),
            _ => Ok(self
                .cancelled
                .take()
                .map_or(Drained::No, |id| open.remove(&id.as_ref().into()))),
        };
        self.result.is_ok()
    }

    pub(super) fn result(&self) -> Result<Drained, RejectionKind> {
        self.result
    }
}

impl OpenRequests {
    #[inline]
    fn enter(&self, request: &Message) -> Result<(), RejectionKind> {
        match request.short_id() {
            Some(id) if self.replace(NONE, id.get()) => Ok(()),
            _ => self.enter_list(request),
        }
    }

    #[cold]
    fn enter_list(&self, request: &Message) -> Result<(), RejectionKind> {
        let Some(id) = request.id() else {
            return Ok(());
        };
        let (RequestId::Integer(text) | RequestId::String(text)) = id;
        if text.len() > MAX_ID_BYTES {
            return Err(RejectionKind::RequestIdTooLong);
        }
        let id = OpenId::from(id);
        let weight = id.weight();
        let mut list = self.lock();
        let one = self.one.load(Relaxed);
        if one == SHUT {
            return Err(RejectionKind::SessionNotFound);
        }
        let bytes = list.bytes + weight;
        let count = list.ids.len() + usize::from(one != NONE);
        if count >= MAX_REQUESTS || bytes > MAX_BYTES {
            return Err(RejectionKind::TooManyRequests);
        }
        list.bytes = bytes;
        list.ids.push(id);
        Ok(())
    }

    /// The stream has taken a message out of the outbox. An answer removes its request.
    #[inline]
    pub(super) fn written(&self, message: &Message) -> Drained {
        match message.kind() {
            MessageKind::Request | MessageKind::Notification => Drained::No,
            MessageKind::Response | MessageKind::Error => match message.short_id() {
                Some(id) if self.replace(id.get(), NONE) => Drained::No,
                _ => self.written_from_list(message),
            },
        }
    }

    #[cold]
    fn written_from_list(&self, message: &Message) -> Drained {
        let id = message.id().map(OpenId::from);
        id.map_or(Drained::No, |id| self.remove_from_list(&id))
    }

    /// Removes a request with an id.
    #[cold]
    fn remove(&self, id: &OpenId) -> Drained {
        match id {
            // `one` has no request while the session drains.
            OpenId::Short(id) if self.replace(id.get(), NONE) => Drained::No,
            _ => self.remove_from_list(id),
        }
    }

    fn remove_from_list(&self, id: &OpenId) -> Drained {
        let mut list = self.lock();
        let Some(at) = list.ids.iter().position(|open| open == id) else {
            return Drained::No;
        };
        list.bytes -= id.weight();
        list.ids.remove(at);
        list.drained()
    }

    /// No further request may enter.
    pub(super) fn drain(&self) -> Drained {
        let mut list = self.shut();
        list.drains = true;
        list.drained()
    }

    /// The requests that have no answer. None may enter after that.
    pub(super) fn end(&self) -> Vec<OwnedRequestId> {
        let mut list = self.shut();
        list.bytes = 0;
        let ids = std::mem::take(&mut list.ids);
        drop(list);
        ids.into_iter().map(OwnedRequestId::from).collect()
    }

    /// From now on all requests are in the list.
    fn shut(&self) -> MutexGuard<'_, List> {
        let mut list = self.lock();
        if let Some(id) = ShortId::new(self.one.swap(SHUT, Relaxed)).filter(|id| id.get() != SHUT) {
            let id = OpenId::Short(id);
            list.bytes += id.weight();
            // It came first, if none was answered before.
            list.ids.insert(0, id);
        }
        list
    }

    /// Replaces `from` in `one` by `to`, and returns whether it was there.
    ///
    /// Relaxed is enough: a request passes the locks of the queues before its answer does, and `shut` holds the
    /// lock of the list when it changes `one`.
    #[inline]
    fn replace(&self, from: u64, to: u64) -> bool {
        self.one
            .compare_exchange(from, to, Relaxed, Relaxed)
            .is_ok()
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn drained(&self) -> Drained {
        match self.drains && self.ids.is_empty() {
            true => Drained::Yes,
            false => Drained::No,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enter(open: &OpenRequests, id: &str) -> Result<Drained, RejectionKind> {
        let request = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#);
        pass(open, request)
    }

    fn cancel(open: &OpenRequests, id: &str) -> Result<Drained, RejectionKind> {
        let method = "notifications/cancelled";
        let params = format!(r#"{{"requestId":{id}}}"#);
        pass(
            open,
            format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#),
        )
    }

    fn pass(open: &OpenRequests, text: String) -> Result<Drained, RejectionKind> {
        let message = Message::parse(text).unwrap();
        let mut arrival = Arrival::new(&message);
        assert_eq!(arrival.enter(&message, open), arrival.result().is_ok());
        arrival.result()
    }

    fn answer(open: &OpenRequests, id: &str) -> Drained {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        open.written(&Message::parse(text).unwrap())
    }

    fn left(open: &OpenRequests) -> Vec<String> {
        let ids = open.end();
        ids.iter().map(|id| id.as_ref().to_string()).collect()
    }

    const LONG: &str = r#""an id of more than 22 bytes""#;

    #[test]
    fn each_request_leaves_with_its_answer_or_when_it_is_cancelled() {
        let open = OpenRequests::default();
        for id in ["1", r#""1""#, "12345678", LONG, "1", "2", "-0"] {
            assert_eq!(enter(&open, id), Ok(Drained::No));
        }
        // In another order than they came. The server may write an id in another way.
        for id in ["2", LONG, "3", "1", r#""\u0031""#] {
            assert_eq!(answer(&open, id), Drained::No, "{id}");
        }
        assert_eq!(cancel(&open, "12345678"), Ok(Drained::No));
        assert_eq!(cancel(&open, "7"), Ok(Drained::No));
        assert_eq!(answer(&open, "0"), Drained::No);
        assert_eq!(left(&open), ["1"]);
    }

    #[test]
    fn what_is_left_is_in_order_if_nothing_was_answered() {
        let open = OpenRequests::default();
        for id in ["3", LONG, "1", "2"] {
            assert_eq!(enter(&open, id), Ok(Drained::No));
        }
        assert_eq!(left(&open), ["3", LONG, "1", "2"]);
        assert_eq!(left(&open), [""; 0]);
        assert_eq!(enter(&open, "5"), Err(RejectionKind::SessionNotFound));
    }

    #[test]
    fn a_drain_ends_with_the_last_answer() {
        for last in ["1", "2", LONG] {
            let open = OpenRequests::default();
            let ids = ["1", "2", LONG];
            for id in ids {
                assert_eq!(enter(&open, id), Ok(Drained::No));
            }
            assert_eq!(open.drain(), Drained::No);
            assert_eq!(enter(&open, "4"), Err(RejectionKind::SessionNotFound));
            for id in ids.iter().filter(|id| **id != last) {
                assert_eq!(answer(&open, id), Drained::No);
            }
            assert_eq!(cancel(&open, last), Ok(Drained::Yes));
        }
        let open = OpenRequests::default();
        assert_eq!(enter(&open, "1"), Ok(Drained::No));
        assert_eq!(answer(&open, "1"), Drained::No);
        assert_eq!(open.drain(), Drained::Yes);
        assert_eq!(open.drain(), Drained::Yes);
    }

    #[test]
    fn bounds_count_all_requests() {
        let open = OpenRequests::default();
        for id in 0..MAX_REQUESTS {
            assert_eq!(enter(&open, &id.to_string()), Ok(Drained::No));
        }
        for id in ["5000", LONG] {
            assert_eq!(enter(&open, id), Err(RejectionKind::TooManyRequests));
        }
        // The first is where it needs no lock, the next is in the list.
        for id in ["0", "1"] {
            assert_eq!(answer(&open, id), Drained::No);
            assert_eq!(enter(&open, "5000"), Ok(Drained::No));
            assert_eq!(enter(&open, "5001"), Err(RejectionKind::TooManyRequests));
        }
        let open = OpenRequests::default();
        let id = |len: usize| format!("\"{}\"", "i".repeat(len));
        assert_eq!(enter(&open, &id(MAX_ID_BYTES)), Ok(Drained::No));
        let refused = enter(&open, &id(MAX_ID_BYTES + 1));
        assert_eq!(refused, Err(RejectionKind::RequestIdTooLong));
        let fit = (0..MAX_REQUESTS).take_while(|_| enter(&open, &id(MAX_ID_BYTES)).is_ok());
        assert_eq!(
            fit.count(),
            MAX_BYTES / (MAX_ID_BYTES + size_of::<OpenId>()) - 1
        );
    }
}
