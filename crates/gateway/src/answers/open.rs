//! The requests of one client that wait for their answers.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mcp_sse_server::{
    Message,
    message::{MessageKind, RequestId},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

/// The most requests that are remembered. The transport refuses more.
const MOST: usize = 4096;

/// The ids of open requests, as JSON, and since when they are open.
#[derive(Debug, Default)]
pub(crate) struct Open {
    ids: Mutex<HashMap<Box<str>, Instant>>,
}

#[derive(Deserialize)]
struct Cancelled<'a> {
    #[serde(borrow)]
    params: CancelledParams<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CancelledParams<'a> {
    #[serde(borrow)]
    request_id: &'a RawValue,
}

impl Open {
    fn ids(&self) -> MutexGuard<'_, HashMap<Box<str>, Instant>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a message of the client: a request is open, a cancelled one is not any more.
    pub(crate) fn asked(&self, message: &Message) {
        match (message.kind(), message.id(), message.method()) {
            (MessageKind::Request, Some(id), _) => {
                let mut ids = self.ids();
                if ids.len() < MOST {
                    ids.insert(id.to_string().into(), Instant::now());
                }
            }
            (MessageKind::Notification, _, Some("notifications/cancelled")) => {
                if let Ok(cancelled) = message.deserialize::<Cancelled<'_>>() {
                    self.take(&key(cancelled.params.request_id.get()));
                }
            }
            _ => {}
        }
    }

    /// Notes that an answer was sent. Returns whether the request was open.
    pub(crate) fn answered(&self, id: RequestId<'_>) -> bool {
        self.take(&id.to_string())
    }

    /// Takes an id, given as JSON. Returns whether the request was open.
    pub(crate) fn take(&self, id: &str) -> bool {
        self.ids().remove(id).is_some()
    }

    /// Takes all ids.
    pub(crate) fn take_all(&self) -> Vec<Box<str>> {
        self.ids().drain().map(|(id, _)| id).collect()
    }

    /// Takes the ids that have been open since before `time`.
    pub(crate) fn take_older(&self, time: Instant) -> Vec<Box<str>> {
        self.ids()
            .extract_if(|_, since| *since < time)
            .map(|(id, _)| id)
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids().is_empty()
    }
}

/// Returns an id as it is kept: equal ids have equal texts.
pub(crate) fn key(id: &str) -> String {
    match serde_json::from_str::<String>(id) {
        Ok(text) => RequestId::String(&text).to_string(),
        Err(_) => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Message {
        Message::parse(text.to_owned()).unwrap()
    }

    #[test]
    fn a_request_is_open_until_its_answer_or_its_cancellation() {
        let open = Open::default();
        for id in [
            r#""a\u0062""#,
            r#""7""#,
            "7",
            "123456789012345678901234567890",
        ] {
            open.asked(&message(&format!(
                r#"{{"jsonrpc":"2.0","id":{id},"method":"x"}}"#
            )));
        }
        open.asked(&message(r#"{"jsonrpc":"2.0","method":"x"}"#));
        assert!(open.answered(RequestId::String("ab")));
        assert!(!open.answered(RequestId::String("ab")));
        open.asked(&message(
            r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"\u0037"}}"#,
        ));
        let mut left = open.take_all();
        left.sort_unstable();
        assert_eq!(left, ["123456789012345678901234567890".into(), "7".into()]);
        assert!(open.take_all().is_empty());
    }
}
