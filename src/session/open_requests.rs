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
    ids: Vec<Id>,
    /// The memory that the ids take.
    bytes: usize,
    /// Whether no request may enter, because the session drains or ends.
    is_shut: bool,
    drains: bool,
}

/// The id of an open request. Most are small integers, and cost less as such.
enum Id {
    Small(i64),
    Other(Box<OwnedRequestId>),
}

impl Id {
    #[inline]
    fn of(message: &Message) -> Option<Self> {
        match message.small_id() {
            Some(id) => Some(Self::Small(id)),
            None => message.id().map(|id| Self::Other(Box::new(id.into()))),
        }
    }

    /// The memory that it takes.
    #[inline]
    fn weight(&self) -> usize {
        match self {
            Self::Small(_) => size_of::<Self>(),
            Self::Other(id) => size_of::<Self>() + id.weight(),
        }
    }
}

impl From<OwnedRequestId> for Id {
    fn from(id: OwnedRequestId) -> Self {
        // As `Message::small_id`: at most 18 digits.
        let small = |id: &i64| id.unsigned_abs() < 10_u64.pow(18);
        match id.as_ref().as_i64().filter(small) {
            Some(id) => Self::Small(id),
            None => Self::Other(Box::new(id)),
        }
    }
}

impl From<Id> for OwnedRequestId {
    fn from(id: Id) -> Self {
        match id {
            Id::Small(id) => id.into(),
            Id::Other(id) => *id,
        }
    }
}

impl PartialEq for Id {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Small(one), Self::Small(other)) => one == other,
            (Self::Other(one), Self::Other(other)) => one == other,
            _ => false,
        }
    }
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
    Open(Id),
    /// The client cancels a request.
    Cancel(Id),
}

impl Arrival {
    pub(super) fn new(message: &Message) -> Self {
        let change = match message.kind() {
            MessageKind::Request => Id::of(message).map_or(Change::None, Change::Open),
            MessageKind::Notification => {
                let cancelled = message.cancelled().map(Id::from);
                cancelled.map_or(Change::None, Change::Cancel)
            }
            MessageKind::Response | MessageKind::Error => Change::None,
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
            Change::Cancel(id) => Ok(open.remove(&id)),
        };
        self.result.is_ok()
    }

    pub(super) fn result(&self) -> Result<Drained, RejectionKind> {
        self.result
    }
}

impl OpenRequests {
    fn enter(&self, id: Id) -> Result<(), RejectionKind> {
        let weight = id.weight();
        if weight > size_of::<Id>() + size_of::<OwnedRequestId>() + MAX_ID_BYTES {
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
    #[inline]
    pub(super) fn written(&self, message: &Message) -> Drained {
        match message.kind() {
            MessageKind::Response | MessageKind::Error => {
                Id::of(message).map_or(Drained::No, |id| self.remove(&id))
            }
            MessageKind::Request | MessageKind::Notification => Drained::No,
        }
    }

    /// Removes the oldest request with an id.
    fn remove(&self, id: &Id) -> Drained {
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
        let mut list = self.lock();
        (list.is_shut, list.drains) = (true, true);
        list.drained()
    }

    /// The requests that have no answer. None may enter after that.
    pub(super) fn end(&self) -> Vec<OwnedRequestId> {
        let mut list = self.lock();
        list.is_shut = true;
        list.bytes = 0;
        let ids = std::mem::take(&mut list.ids);
        drop(list);
        ids.into_iter().map(OwnedRequestId::from).collect()
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
