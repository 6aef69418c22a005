use rmcp::{
    ErrorData,
    model::{self, ClientJsonRpcMessage},
};

use mcp_sse_server::{
    message::{Message, MessageKind, RequestId},
    session::Incoming,
};

use crate::note;

/// What a client's message is to rmcp.
#[expect(
    clippy::large_enum_variant,
    reason = "taken apart where it is made, never stored"
)]
pub(crate) enum Read {
    Message(ClientJsonRpcMessage),
    /// No request that rmcp can read. This is its answer.
    Refused(Message),
    /// Nothing that anybody waits for.
    Nothing,
}

/// Reads a message into rmcp's types, with the parts of the request that carried it in the extensions
/// of its own.
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
    const BEYOND: &str = "cannot be read: an id is a string or fits in 64 bits, a number fits in a \
        double, and nothing is nested deeper than 128 levels";
    match (message.kind(), message.id()) {
        (MessageKind::Request, Some(id)) => {
            let error = ErrorData::invalid_request(format!("the request {BEYOND}"), None);
            refuse(&id, &error)
        }
        // The server waits for it.
        (MessageKind::Response | MessageKind::Error, Some(id)) => match request_id(&id) {
            Some(id) => {
                let error =
                    ErrorData::internal_error(format!("the client's answer {BEYOND}"), None);
                Read::Message(ClientJsonRpcMessage::error(error, Some(id)))
            }
            None => Read::Nothing,
        },
        _ => Read::Nothing,
    }
}

/// The answer to a request, under an id that rmcp may not be able to hold.
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
