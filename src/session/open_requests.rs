use crate::{
    message::{Message, MessageKind, OwnedRequestId},
    response::RejectionKind,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// The requests of a client that have no answer yet.
///
/// A request enters before it is put into the inbox. It leaves when the stream takes its answer, or when
/// the client cancels it. If the server ends the session, those that are left get an error.
#[derive(Default)]
pub(super) struct OpenRequests {
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    ids: Vec<OwnedRequestId>,
    /// The memory that the ids take.
    bytes: usize,
    /// Whether no request may enter, because the session drains or ends.
    is_shut: bool,
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
    change: Change,
    result: Result<Drained, RejectionKind>,
    /// The size of the message.
    pub(super) bytes: usize,
}

enum Change {
    None,
    /// A request opens.
    Open(OwnedRequestId),
    /// The client cancels a request.
    Cancel(OwnedRequestId),
}

impl Arrival {
    pub(super) fn new(message: &Message) -> Self {
        let change = match (message.kind(), message.id()) {
            (MessageKind::Request, Some(id)) => Change::Open(id.into()),
            _ => message.cancelled().map_or(Change::None, Change::Cancel),
        };
        Self {
            change,
            // If it is not asked, the inbox is closed.
            result: Err(RejectionKind::SessionNotFound),
            bytes: message.as_bytes().len(),
        }
    }

    /// The message is put into the inbox, unless this returns false.
    pub(super) fn enter(&mut self, open: &OpenRequests) -> bool {
        self.result = match std::mem::replace(&mut self.change, Change::None) {
            Change::None => Ok(Drained::No),
            Change::Open(id) => open.enter(id).map(|()| Drained::No),
            Change::Cancel(id) => Ok(open.remove(|open| *open == id)),
        };
        self.result.is_ok()
    }

    pub(super) fn result(&self) -> Result<Drained, RejectionKind> {
        self.result
    }
}

impl OpenRequests {
    fn enter(&self, id: OwnedRequestId) -> Result<(), RejectionKind> {
        let weight = id.weight();
        if weight > size_of::<OwnedRequestId>() + MAX_ID_BYTES {
            return Err(RejectionKind::RequestIdTooLong);
        }
        let mut list = self.lock();
        if list.is_shut {
            return Err(RejectionKind::SessionNotFound);
        }
        let bytes = list.bytes + weight;
        if list.ids.len() == MAX_REQUESTS || bytes > MAX_BYTES {
            return Err(RejectionKind::TooManyRequests);
        }
        list.bytes = bytes;
        list.ids.push(id);
        Ok(())
    }

    /// The stream has taken a message out of the outbox. An answer removes its request.
    pub(super) fn written(&self, message: &Message) -> Drained {
        match (message.kind(), message.id()) {
            (MessageKind::Response | MessageKind::Error, Some(id)) => {
                self.remove(|open| *open == id)
            }
            _ => Drained::No,
        }
    }

    /// Removes the oldest request with an id.
    fn remove(&self, is_it: impl Fn(&OwnedRequestId) -> bool) -> Drained {
        let mut list = self.lock();
        let Some(at) = list.ids.iter().position(is_it) else {
            return Drained::No;
        };
        let id = list.ids.remove(at);
        list.bytes -= id.weight();
        list.drained()
    }

    /// No further request may enter.
    pub(super) fn drain(&self) -> Drained {
        let mut list = self.lock();
        (list.is_shut, list.drains) = (true, true);
        list.drained()
    }

    /// The requests that have no answer. None may enter after that.
    pub(super) fn end(&self) -> Vec<OwnedRequestId> {
        let mut list = self.lock();
        list.is_shut = true;
        list.bytes = 0;
        std::mem::take(&mut list.ids)
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
