use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use rmcp::{
    ErrorData, Peer, RoleServer,
    model::{
        ListResourcesResult, ReadResourceResult, Resource, ResourceContents,
        ResourceUpdatedNotificationParam,
    },
};

const PAGE: usize = 3;

/// The URI of the last note, the only resource that changes.
const LAST: &str = "note://last";

/// Notes that all sessions share, and the sessions that are subscribed to the last one.
#[derive(Default)]
pub(crate) struct Notes {
    texts: Mutex<Vec<String>>,
    watchers: Mutex<HashMap<u64, Peer<RoleServer>>>,
    sessions: AtomicU64,
}

impl Notes {
    pub(super) fn next_session(&self) -> u64 {
        self.sessions.fetch_add(1, Relaxed)
    }

    /// Adds a note, notifies the subscribers, and returns the note's URI.
    pub(super) async fn note(&self, text: &str) -> String {
        let number = {
            let mut texts = self.texts.lock().unwrap();
            texts.push(text.to_owned());
            texts.len()
        };
        let watchers: Vec<_> = self.watchers.lock().unwrap().values().cloned().collect();
        for watcher in watchers {
            // The session may be closed by now.
            let update = ResourceUpdatedNotificationParam::new(LAST);
            let _ = watcher.notify_resource_updated(update).await;
        }
        uri(number)
    }

    pub(super) fn list(&self, cursor: Option<String>) -> Result<ListResourcesResult, ErrorData> {
        let texts = self.texts.lock().unwrap();
        let uris: Vec<_> = std::iter::once(LAST.to_owned())
            .chain((1..=texts.len()).map(uri))
            .collect();
        let start = match cursor {
            None => 0,
            Some(cursor) => cursor
                .parse()
                .ok()
                .filter(|start| *start < uris.len())
                .ok_or_else(|| ErrorData::invalid_params("the cursor is invalid", None))?,
        };
        let page = uris.iter().skip(start).take(PAGE);
        let mut result =
            ListResourcesResult::with_all_items(page.map(|uri| Resource::new(uri, uri)).collect());
        let next = start + PAGE;
        result.next_cursor = (next < uris.len()).then(|| next.to_string());
        Ok(result)
    }

    pub(super) fn read(&self, uri: &str) -> Result<ReadResourceResult, ErrorData> {
        let texts = self.texts.lock().unwrap();
        let text = match uri {
            LAST => texts.last(),
            _ => uri
                .strip_prefix("note://")
                .and_then(|number| number.parse::<usize>().ok()?.checked_sub(1))
                .and_then(|index| texts.get(index)),
        };
        let text = match text {
            Some(text) => text.as_str(),
            None if uri == LAST => "",
            None => return Err(ErrorData::resource_not_found("there is no such note", None)),
        };
        Ok(ReadResourceResult::new(vec![ResourceContents::text(
            text, uri,
        )]))
    }

    pub(super) fn watch(
        &self,
        uri: &str,
        session: u64,
        peer: Peer<RoleServer>,
    ) -> Result<(), ErrorData> {
        if uri != LAST {
            let what = "only note://last changes";
            return Err(ErrorData::invalid_params(what, None));
        }
        self.watchers.lock().unwrap().insert(session, peer);
        Ok(())
    }

    pub(super) fn unwatch(&self, session: u64) {
        self.watchers.lock().unwrap().remove(&session);
    }
}

fn uri(number: usize) -> String {
    format!("note://{number}")
}
