use std::sync::Arc;

use http::request::Parts;

use crate::{options::Options, response::RejectionKind};

use super::{
    detach::detach, entry::StreamGuard, id::SessionId, principal::Principal,
    registry::SessionRegistry, session::Session, state::State,
};

impl SessionRegistry {
    /// Opens a session for the principal in the extensions of its `GET`.
    pub(crate) fn open(
        &self,
        mut parts: Parts,
        options: &Options,
    ) -> Result<(Session, StreamGuard), RejectionKind> {
        let principal = parts.extensions.get::<Principal>();
        let state = loop {
            let id = SessionId::random();
            let make = || State::new(id, principal.cloned(), options, &self.observer);
            if let Some(state) = self.table.open(id.uuid(), principal, options, make)? {
                break state;
            }
        };
        // First of all, so that nothing can leave the session in the table for ever.
        let guard = StreamGuard::new(Arc::clone(&self.table), Arc::clone(&state));
        state.observe_open(&parts);
        detach(&mut parts);
        Ok((Session::new(state, parts, self.clone()), guard))
    }
}
