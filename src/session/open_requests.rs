use std::collections::HashSet;

use crate::{
    message::{Message, MessageKind},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// A handler need not answer all that it takes, such as what was cancelled: more than these are
/// forgotten.
const MOST: usize = 1024;

/// The requests that a handler took and has not answered, by their ids as JSON.
#[derive(Default)]
pub(super) struct OpenRequests {
    ids: Mutex<HashSet<Box<str>>>,
}

impl OpenRequests {
    pub(super) fn received(&self, message: &Message) {
        if let (MessageKind::Request, Some(id)) = (message.kind(), message.id()) {
            let mut ids = self.lock();
            if ids.len() < MOST {
                ids.insert(id.to_string().into());
            }
        }
    }

    /// The id of the request that a message answers.
    pub(super) fn answered_by(message: &Message) -> Option<Box<str>> {
        match message.kind() {
            MessageKind::Response | MessageKind::Error => Some(message.id()?.to_string().into()),
            MessageKind::Request | MessageKind::Notification => None,
        }
    }

    pub(super) fn answered(&self, id: &str) {
        self.lock().remove(id);
    }

    /// An error for each open request. Then none is open.
    pub(super) fn fail(&self) -> impl Iterator<Item = Message> + use<> {
        std::mem::take(&mut *self.lock())
            .into_iter()
            .filter_map(|id| {
                let error = r#"{"code":-32603,"message":"Internal error"}"#;
                Message::parse(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)).ok()
            })
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Box<str>>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
