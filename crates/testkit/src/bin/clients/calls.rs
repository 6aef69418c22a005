//! The calls of one session: those of the client that run, and those of the server that wait for the client.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use mcp_sse_server::{Message, session::SessionSender};
use serde_json::{Value, json};
use tokio::{sync::oneshot, task::AbortHandle};

#[derive(Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    running: HashMap<String, AbortHandle>,
    cancelled: u64,
    asked: HashMap<String, oneshot::Sender<Value>>,
}

impl Calls {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Remembers the task of a call.
    pub(crate) fn began(&self, id: &Value, task: AbortHandle) {
        self.state().running.insert(id.to_string(), task);
    }

    /// The client has cancelled a call.
    pub(crate) fn cancel(&self, id: &Value) {
        let mut state = self.state();
        if let Some(task) = state.running.remove(&id.to_string()) {
            state.cancelled += u64::from(!task.is_finished());
            task.abort();
        }
    }

    /// How many calls the client has cancelled while they ran.
    pub(crate) fn cancelled(&self) -> u64 {
        self.state().cancelled
    }

    /// Asks the client, and waits for its result. `None` if it answers with an error.
    pub(crate) async fn ask(
        &self,
        sender: &SessionSender,
        id: &Value,
        method: &str,
    ) -> Option<Value> {
        let (answer, answered) = oneshot::channel();
        self.state().asked.insert(id.to_string(), answer);
        let params = match method {
            "elicitation/create" => json!({
                "message": "Who are you?",
                "requestedSchema": { "type": "object", "properties": {} },
            }),
            _ => json!({}),
        };
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        sender.send(Message::new(&request).ok()?).await.ok()?;
        answered.await.ok().filter(Value::is_object)
    }

    /// The client has answered.
    pub(crate) fn answered(&self, mut answer: Value) {
        let asked = self.state().asked.remove(&answer["id"].to_string());
        if let Some(asked) = asked {
            let _ = asked.send(answer["result"].take());
        }
    }
}
