//! One session: each request becomes a task, and the tool `end` ends the session from the server's side.

use std::{
    pin::Pin,
    sync::{Arc, OnceLock},
    time::Duration,
};

use mcp_sse_server::{
    Handler, Message, Session, SessionRegistry,
    message::OwnedRequestId,
    session::{Drain, SessionSender},
};
use serde::Deserialize;
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
    type Future = Pin<Box<dyn Future<Output = Result<(), &'static str>> + Send>>;

    fn handle(&self, session: Session) -> Self::Future {
        let sessions = self.sessions.get().expect("`reach` was called").clone();
        Box::pin(run(session, sessions))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cancelled {
    request_id: OwnedRequestId,
}

async fn run(session: Session, sessions: SessionRegistry) -> Result<(), &'static str> {
    let id = *session.id();
    let (sender, mut receiver) = session.split();
    let calls = Calls::default();
    let mut tasks = JoinSet::new();
    while let Some(incoming) = receiver.recv().await {
        let message = incoming.message;
        if let Some(how) = end(&message) {
            match how.as_str() {
                "return" => return Ok(()),
                "fail" => return Err("the handler failed, as asked for"),
                "panic" => std::panic::panic_any("a panic, as asked for"),
                // The call stays open.
                "close" => _ = sessions.close(&id),
                "deadline" => begin(sessions.shutdown(), Duration::from_millis(300)),
                // The call is done before the deadline.
                _ => {
                    let drain = sessions.drain(|session| session.id == id);
                    begin(drain, Duration::from_secs(5));
                    respond(&mut tasks, message, &sender, &calls);
                }
            }
        } else if message.as_request().is_some() {
            respond(&mut tasks, message, &sender, &calls);
        } else if let Some(response) = message.as_response() {
            calls.answered(response);
        } else if let Some(error) = message.as_error() {
            calls.refused(error.id());
        } else if let Some(Ok(cancelled)) = message.as_notification().map(|told| told.params()) {
            let Cancelled { request_id } = cancelled;
            calls.cancel(&request_id);
        }
        while tasks.try_join_next().is_some() {}
    }
    // Until the deadline of a shutdown, what runs may be done.
    while tasks.join_next().await.is_some() {}
    Ok(())
}

/// How the server is to end the session, if that is what a message calls for.
fn end(message: &Message) -> Option<String> {
    let call: tools::Call = message.as_request()?.params().ok()?;
    let how = call.arguments["how"].as_str();
    how.filter(|_| call.name == "end").map(str::to_owned)
}

/// Runs a request in a task of its own.
fn respond(tasks: &mut JoinSet<()>, request: Message, sender: &SessionSender, calls: &Calls) {
    let id = request.id().map(OwnedRequestId::from);
    let task = tasks.spawn(tools::respond(request, sender.clone(), calls.clone()));
    if let Some(id) = id {
        calls.began(id, task);
    }
}

fn begin(drain: Drain, deadline: Duration) {
    tokio::spawn(drain.deadline(deadline).into_future());
}
