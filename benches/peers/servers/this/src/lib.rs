//! The session handler and the broadcast of both servers of this crate.

use bytes::Bytes;
use mcp_sse_server::{Message, Session, SessionRegistry};

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

/// Sends a message to all sessions. Returns whether it was valid and all sessions had room.
pub fn broadcast(sessions: &SessionRegistry, text: Bytes) -> bool {
    Message::parse(text).is_ok_and(|message| sessions.broadcast(&message).full == 0)
}
