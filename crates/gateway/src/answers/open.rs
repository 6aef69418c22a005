//! The requests of one client that wait for their answers.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use mcp_sse_server::{
    Message,
    message::{OwnedRequestId, RequestId},
};
use serde::Deserialize;
use tokio::time::Instant;

/// The most requests that are remembered. The transport refuses more.
const MOST: usize = 4096;

/// The ids of open requests, and since when they are open.
#[derive(Debug, Default)]
pub(crate) struct Open {
    ids: Mutex<HashMap<OwnedRequestId, Instant>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    request_id: OwnedRequestId,
}

impl Open {
    fn ids(&self) -> MutexGuard<'_, HashMap<OwnedRequestId, Instant>> {
        self.ids.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a message of the client: a request is open, a cancelled one is not any more.
    pub(crate) fn asked(&self, message: &Message) {
        if let Some(request) = message.as_request() {
            let mut ids = self.ids();
            if ids.len() < MOST {
                ids.insert(request.id().into(), Instant::now());
            }
        }
        let cancelled = message
            .as_notification()
            .filter(|it| it.method() == "notifications/cancelled")
            .and_then(|it| it.params().ok());
        if let Some(Cancelled { request_id }) = cancelled {
            self.take(&request_id);
        }
    }

    /// Notes that an answer was sent. Returns whether the request was open.
    pub(crate) fn answered(&self, id: RequestId<'_>) -> bool {
        self.take(&id.into())
    }

    /// Takes an id. Returns whether the request was open.
    pub(crate) fn take(&self, id: &OwnedRequestId) -> bool {
        self.ids().remove(id).is_some()
    }

    /// Takes all ids.
    pub(crate) fn take_all(&self) -> Vec<OwnedRequestId> {
        self.ids().drain().map(|(id, _)| id).collect()
    }

    /// Takes the ids that have been open since before `time`.
    pub(crate) fn take_older(&self, time: Instant) -> Vec<OwnedRequestId> {
        self.ids()
            .extract_if(|_, since| *since < time)
            .map(|(id, _)| id)
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ids().is_empty()
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
        let left: Vec<_> = left.iter().map(ToString::to_string).collect();
        assert_eq!(left, ["7", "123456789012345678901234567890"]);
        assert!(open.take_all().is_empty());
    }
}
