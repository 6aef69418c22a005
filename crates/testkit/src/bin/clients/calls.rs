//! The calls of one session: those of the client that run, and those of the server that wait for the client.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use mcp_sse_server::{
    Message,
    message::{OwnedRequestId, RequestId, Response},
    session::SessionSender,
};
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::AbortHandle};

#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    running: HashMap<OwnedRequestId, AbortHandle>,
    cancelled: u64,
    asked: HashMap<OwnedRequestId, oneshot::Sender<Value>>,
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Remembers the task of a call.
    pub(crate) fn began(&self, id: OwnedRequestId, task: AbortHandle) {
        self.state().running.insert(id, task);
    }

    /// The client has cancelled a call.
    pub(crate) fn cancel(&self, id: &OwnedRequestId) {
        let mut state = self.state();
        if let Some(task) = state.running.remove(id) {
            state.cancelled += u64::from(!task.is_finished());
            task.abort();
        }
    }

    /// How many calls the client has cancelled while they ran.
    pub(crate) fn cancelled(&self) -> u64 {
        self.state().cancelled
    }

    /// Asks the client, and waits for its result. `None` if the message cannot be sent, or the client answers
    /// with an error.
    pub(crate) async fn ask(
        &self,
        sender: &SessionSender,
        id: RequestId<'_>,
        method: &str,
    ) -> Option<Value> {
        let (answer, answered) = oneshot::channel();
        self.state().asked.insert(id.into(), answer);
        let params = match method {
            "elicitation/create" => json!({
                "message": "Who are you?",
                "requestedSchema": { "type": "object", "properties": {} },
            }),
            _ => json!({}),
        };
        let request = Message::request(id, method, &params).ok()?;
        sender.send(request).await.ok()?;
        answered.await.ok()
    }

    /// The client has answered.
    pub(crate) fn answered(&self, response: Response<'_>) {
        if let Some(asked) = self.state().asked.remove(&response.id().into()) {
            let _ = asked.send(response.result().unwrap_or_default());
        }
    }

    /// The client has answered with an error.
    pub(crate) fn refused(&self, id: Option<RequestId<'_>>) {
        if let Some(id) = id {
            self.state().asked.remove(&id.into());
        }
    }
}
