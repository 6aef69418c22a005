use mcp_sse_server::{Message, Session};
use serde::Deserialize;

/// Answers each message, of whatever kind, with its own text.
pub(crate) async fn echo(mut session: Session) {
    while let Some(incoming) = session.recv().await {
        let message = incoming.message;
        let text = serde_json::to_string(message.as_str()).unwrap();
        let id = message
            .id()
            .map_or_else(|| r#""none""#.to_owned(), |id| id.to_string());
        let reply = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"text":{text}}}}}"#);
        if session.send(Message::parse(reply).unwrap()).await.is_err() {
            break;
        }
    }
}

/// The text that an answer of [`echo`] carries.
pub(crate) fn echoed(answer: &str) -> String {
    #[derive(Deserialize)]
    struct Answer {
        result: Carried,
    }
    #[derive(Deserialize)]
    struct Carried {
        text: String,
    }
    match serde_json::from_str::<Answer>(answer) {
        Ok(answer) => answer.result.text,
        Err(error) => panic!("no echo, {error}: {answer:?}"),
    }
}

/// A good message, told from others by its id.
pub(crate) fn ping(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)
}
