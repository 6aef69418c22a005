use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::{channel::Channel, id::SessionId, principal::Principal};

/// How many sessions may be open at a time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) sessions: Option<usize>,
    pub(crate) sessions_per_principal: Option<usize>,
}

/// Why no session was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenError {
    ShutDown,
    TooMany,
    TooManyOfPrincipal,
}

/// The open sessions, and how many of them each principal has.
#[derive(Default)]
pub(super) struct Table {
    sessions: HashMap<SessionId, Arc<Channel>>,
    principals: HashMap<Principal, usize>,
    /// Those whose session was ended and that still give out what was sent count, too.
    streams: usize,
    shut_down: bool,
}

impl Table {
    /// Enters a session. `false` if its id is another's, whose entry is not touched.
    pub(super) fn enter(
        &mut self,
        channel: &Arc<Channel>,
        limits: Limits,
    ) -> Result<bool, OpenError> {
        if self.shut_down {
            return Err(OpenError::ShutDown);
        }
        if limits
            .sessions
            .is_some_and(|most| self.sessions.len() >= most)
        {
            return Err(OpenError::TooMany);
        }
        let principal = channel.principal();
        if let (Some(principal), Some(most)) = (principal, limits.sessions_per_principal) {
            if self.principals.get(principal).copied().unwrap_or(0) >= most {
                return Err(OpenError::TooManyOfPrincipal);
            }
        }
        let Entry::Vacant(entry) = self.sessions.entry(*channel.id()) else {
            return Ok(false);
        };
        if let Some(principal) = principal {
            *self.principals.entry(principal.clone()).or_default() += 1;
        }
        entry.insert(Arc::clone(channel));
        self.streams += 1;
        Ok(true)
    }

    pub(super) fn remove(&mut self, id: &SessionId) -> Option<Arc<Channel>> {
        let channel = self.sessions.remove(id)?;
        self.forget(&channel);
        Some(channel)
    }

    /// A session's principal has one less.
    fn forget(&mut self, channel: &Channel) {
        let Some(principal) = channel.principal() else {
            return;
        };
        if let Some(count) = self.principals.get_mut(principal) {
            *count -= 1;
            if *count == 0 {
                self.principals.remove(principal);
            }
        }
    }

    /// Takes a session out, and no other that got its id after it was closed.
    pub(super) fn remove_own(&mut self, channel: &Arc<Channel>) -> Option<Arc<Channel>> {
        match self.sessions.entry(*channel.id()) {
            Entry::Occupied(entry) if Arc::ptr_eq(entry.get(), channel) => {
                let channel = entry.remove();
                self.forget(&channel);
                Some(channel)
            }
            _ => None,
        }
    }

    pub(super) fn get(&self, id: &SessionId) -> Option<&Arc<Channel>> {
        self.sessions.get(id)
    }

    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Channel>> {
        self.sessions.values()
    }

    /// A stream is gone. Gives out its entry, if it has one yet, and whether it was the last.
    pub(super) fn leave(&mut self, channel: &Arc<Channel>) -> (Option<Arc<Channel>>, bool) {
        self.streams -= 1;
        (self.remove_own(channel), self.streams == 0)
    }

    pub(super) fn has_no_streams(&self) -> bool {
        self.streams == 0
    }

    /// Takes all entries out.
    pub(super) fn take(&mut self) -> Vec<Arc<Channel>> {
        self.principals.clear();
        std::mem::take(&mut self.sessions).into_values().collect()
    }

    /// Lets nothing more in.
    pub(super) fn shut_down(&mut self) {
        self.shut_down = true;
    }

    pub(super) fn is_shut_down(&self) -> bool {
        self.shut_down
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        observe::Meter,
        session::{channel::ChannelOptions, queue::Capacity},
    };

    #[test]
    fn a_principal_without_sessions_is_forgotten() {
        let mut table = Table::default();
        let owner = Principal::new("client");
        let capacity = Capacity { items: 1, bytes: 1 };
        let options = ChannelOptions {
            inbox: capacity,
            outbox: capacity,
            in_flight_bytes: 1,
            track_activity: false,
            track_requests: false,
        };
        let channels = [(); 2].map(|()| {
            let id = SessionId::random();
            Arc::new(Channel::new(
                id,
                Some(owner.clone()),
                &options,
                &Meter::new(),
            ))
        });
        for channel in &channels {
            assert_eq!(table.enter(channel, Limits::default()), Ok(true));
        }
        assert_eq!(table.principals.get(&owner), Some(&2));
        for channel in &channels {
            assert!(table.remove_own(channel).is_some());
            assert!(table.remove_own(channel).is_none());
        }
        assert!(table.sessions.is_empty() && table.principals.is_empty());
    }
}
