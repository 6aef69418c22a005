//! The session handlers and the broadcast of the servers of this crate.

mod on_hyper;

use bytes::Bytes;
use mcp_sse_server::{
    Message, Session, SessionRegistry,
    message::{ErrorCode, Request, RequestFailed},
    session::SendError,
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

pub use self::on_hyper::serve;

/// Answers each call with the text of the call.
pub async fn echo(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let call = incoming.message.as_bytes();
        let mut answer = Vec::with_capacity(call.len() + peer::ANSWER_OVERHEAD);
        if peer::answer(call, &mut answer).is_none() {
            continue;
        }
        let answer = Message::parse(answer).expect("an answer is a message");
        if session.send(answer).await.is_err() {
            break;
        }
    }
}

#[derive(Deserialize)]
#[serde(tag = "name", content = "arguments", rename_all = "snake_case")]
enum Call {
    Echo { text: String },
}

/// Answers each call with its text, which serde reads and writes as in the README.
pub async fn with_serde(mut session: Session) -> Result<(), SendError> {
    fn answer(request: Request<'_>) -> Result<Message, RequestFailed> {
        match request.method() {
            "tools/call" => {
                let Call::Echo { text } = request.params()?;
                request.response(&json!({ "content": [{ "type": "text", "text": text }] }))
            }
            _ => Ok(request.error(ErrorCode::METHOD_NOT_FOUND, "Method not found")),
        }
    }
    while let Some(incoming) = session.recv().await {
        let Some(request) = incoming.message.as_request() else {
            continue;
        };
        session
            .send(answer(request).unwrap_or_else(Message::from))
            .await?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct RawCall<'a> {
    #[serde(borrow)]
    arguments: Content<'a>,
}

#[derive(Deserialize, Serialize)]
struct Content<'a> {
    #[serde(rename = "type", default = "text")]
    kind: &'a str,
    #[serde(borrow)]
    text: &'a RawValue,
}

fn text() -> &'static str {
    "text"
}

#[derive(Serialize)]
struct RawResult<'a> {
    content: [Content<'a>; 1],
}

/// Answers each call with its text, which serde finds and copies, without decoding it.
pub async fn with_raw_value(mut session: Session) -> Result<(), SendError> {
    fn answer(request: Request<'_>) -> Result<Message, RequestFailed> {
        let RawCall { arguments } = request.params()?;
        request.response(&RawResult {
            content: [arguments],
        })
    }
    while let Some(incoming) = session.recv().await {
        let Some(request) = incoming.message.as_request() else {
            continue;
        };
        session
            .send(answer(request).unwrap_or_else(Message::from))
            .await?;
    }
    Ok(())
}

/// Sends a message to all sessions. Returns whether it was valid and all sessions had room.
pub fn broadcast(sessions: &SessionRegistry, text: Bytes) -> bool {
    Message::parse(text).is_ok_and(|message| sessions.broadcast(&message).full == 0)
}
