use mcp_sse_server::{
    Incoming, Message,
    message::{MessageKind, RequestId},
};
use rmcp::{
    ErrorData,
    model::{self, ClientJsonRpcMessage},
};

use crate::note;

/// What to do with a client's message.
#[expect(
    clippy::large_enum_variant,
    reason = "matched where it is made and never stored"
)]
pub(crate) enum Read {
    /// Give it to rmcp.
    Message(ClientJsonRpcMessage),
    /// Send this error response: rmcp cannot take the request.
    Refused(Message),
    /// Ignore it: nothing waits for a response.
    Nothing,
}

/// Reads a message into rmcp's types and puts the head of its `POST` into its extensions.
pub(crate) fn read(incoming: Incoming) -> Read {
    let Incoming { message, parts, .. } = incoming;
    match serde_json::from_slice::<ClientJsonRpcMessage>(message.as_bytes()) {
        Ok(mut read) => {
            read.insert_extension(*parts);
            Read::Message(read)
        }
        Err(error) => {
            note::unreadable(&message, &error);
            unreadable(&message)
        }
    }
}

fn unreadable(message: &Message) -> Read {
    const LIMITS: &str = "cannot be read: an id is a string or fits in 64 bits, a number fits in a \
        double, and nothing is nested deeper than 128 levels";
    match (message.kind(), message.id()) {
        (MessageKind::Request, Some(id)) => {
            let error = ErrorData::invalid_request(format!("the request {LIMITS}"), None);
            refuse(&id, &error)
        }
        // A request of the server waits for this response: complete the request with an error.
        (MessageKind::Response | MessageKind::Error, Some(id)) => match request_id(&id) {
            Some(id) => {
                let error =
                    ErrorData::internal_error(format!("the client's response {LIMITS}"), None);
                Read::Message(ClientJsonRpcMessage::error(error, Some(id)))
            }
            None => Read::Nothing,
        },
        _ => Read::Nothing,
    }
}

/// An error response to a request. rmcp's types may not be able to hold its id.
pub(crate) fn refuse(id: &RequestId<'_>, error: &ErrorData) -> Read {
    match answer(id, error) {
        Some(answer) => Read::Refused(answer),
        None => Read::Nothing,
    }
}

fn answer(id: &RequestId<'_>, error: &ErrorData) -> Option<Message> {
    let error = serde_json::to_string(error).ok()?;
    Message::parse(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)).ok()
}

fn request_id(id: &RequestId<'_>) -> Option<model::RequestId> {
    match id {
        RequestId::Integer(digits) => digits.parse().ok().map(model::RequestId::Number),
        RequestId::String(text) => Some(model::RequestId::String((*text).into())),
    }
}
