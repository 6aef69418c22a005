//! Session handlers.

use std::future::pending;

use mcp_sse_server::{Message, Session, message::OwnedRequestId};
use serde::Deserialize;
use serde_json::json;

/// Answers each message, of any kind, with a response that quotes its text. See [`echoed`].
pub async fn echo(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let message = incoming.message;
        let id = message.id().map_or("none".into(), OwnedRequestId::from);
        let reply = Message::response(id, &json!({ "text": message.as_str() })).unwrap();
        if session.send(reply).await.is_err() {
            break;
        }
    }
}

/// The text that a response of [`echo`] quotes.
pub fn echoed(response: &str) -> String {
    #[derive(Deserialize)]
    struct Response {
        result: Quoted,
    }
    #[derive(Deserialize)]
    struct Quoted {
        text: String,
    }
    match serde_json::from_str::<Response>(response) {
        Ok(response) => response.result.text,
        Err(error) => panic!("not a response of `echo`, {error}: {response:?}"),
    }
}

/// Sends each message back as it is.
#[allow(
    clippy::manual_async_fn,
    reason = "an `async fn` keeps its argument twice, and tests/allocations counts every byte"
)]
pub fn send_back(mut session: Session) -> impl Future<Output = ()> + Send + Sync + use<> {
    async move {
        while let Some(incoming) = session.recv().await {
            if session.send(incoming.message).await.is_err() {
                break;
            }
        }
    }
}

/// Answers each request that has the id 1 with a message that was made before, so that only the transport
/// costs anything.
pub fn answer_with(answer: Message) -> impl Fn(Session) -> Answering {
    move |mut session| {
        let answer = answer.clone();
        Box::pin(async move {
            while session.recv().await.is_some() {
                if session.send(answer.clone()).await.is_err() {
                    break;
                }
            }
        })
    }
}

type Answering = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// Keeps the session open, and neither receives nor sends.
pub async fn silent(session: Session) {
    let _session = session;
    pending().await
}
