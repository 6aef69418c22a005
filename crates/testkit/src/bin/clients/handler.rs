//! One session: each request becomes a task, and the tool `end` ends the session from the server's side.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use mcp_sse_server::{Handler, Session, SessionRegistry, session::SessionSender};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{calls::Calls, tools};

#[derive(Clone, Default)]
pub(crate) struct Tools {
    sessions: Arc<OnceLock<SessionRegistry>>,
}

impl Tools {
    /// Gives the handler the registry of its transport.
    pub(crate) fn reach(&self, sessions: SessionRegistry) {
        let _ = self.sessions.set(sessions);
    }
}

impl Handler for Tools {
    type Future = Pin<Box<dyn Future<Output = ()> + Send>>;

    fn handle(&self, session: Session) -> Self::Future {
        let sessions = self.sessions.get().expect("`reach` was called").clone();
        Box::pin(run(session, sessions))
    }
}

async fn run(session: Session, sessions: SessionRegistry) {
    let id = session.id().clone();
    let (sender, mut receiver) = session.split();
    let calls = Calls::default();
    let mut tasks = JoinSet::new();
    while let Some(incoming) = receiver.recv().await {
        let Ok(message) = incoming.message.deserialize::<Value>() else {
            return;
        };
        let params = &message["params"];
        match (message["method"].as_str(), message.get("id")) {
            (Some("notifications/cancelled"), _) => calls.cancel(&params["requestId"]),
            (Some(_), None) => {}
            (None, _) => calls.answered(message),
            (Some("tools/call"), _) if params["name"] == "end" => {
                match params["arguments"]["how"].as_str() {
                    // The call stays open.
                    Some("return") => return,
                    Some("panic") => std::panic::panic_any("a panic, as asked for"),
                    Some("close") => _ = sessions.close(&id),
                    Some("deadline") => drain(&sessions, Duration::from_millis(300)),
                    // The call is done before the deadline.
                    Some("drain") => {
                        drain(&sessions, Duration::from_secs(5));
                        respond(&mut tasks, message, &sender, &calls);
                    }
                    _ => {}
                }
            }
            (Some(_), Some(_)) => respond(&mut tasks, message, &sender, &calls),
        }
        while tasks.try_join_next().is_some() {}
    }
    // Until the deadline of a shutdown, what runs may be done.
    while tasks.join_next().await.is_some() {}
}

/// Runs a request in a task of its own.
fn respond(tasks: &mut JoinSet<()>, request: Value, sender: &SessionSender, calls: &Calls) {
    let id = request["id"].clone();
    let task = tasks.spawn(tools::respond(request, sender.clone(), calls.clone()));
    calls.began(&id, task);
}

/// Shuts the transport down. New sessions are refused from then on.
fn drain(sessions: &SessionRegistry, deadline: Duration) {
    tokio::spawn(sessions.shutdown().deadline(deadline).into_future());
}
