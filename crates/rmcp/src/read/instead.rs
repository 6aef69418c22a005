use mcp_sse_server::{
    Message,
    message::{MessageKind, RequestId},
};
use rmcp::{
    ErrorData,
    model::{self, ClientJsonRpcMessage},
};

/// What replaces a message that cannot be read, or must not be read because it is too large.
pub(crate) enum Instead {
    /// Give this to rmcp: a request of the server waits for a response.
    Message(Box<ClientJsonRpcMessage>),
    /// Send this to the client: its request is refused.
    Answer(Message),
    /// Nothing: nobody waits for it.
    Nothing,
}

/// What replaces a message. `why` says about which message it is and what is wrong.
pub(crate) fn instead(message: &Message, why: &dyn Fn(&str) -> ErrorData) -> Instead {
    match (message.kind(), message.id()) {
        (MessageKind::Request, Some(id)) => refuse(&id, &why("the request")),
        // Complete the server's own request with an error.
        (MessageKind::Response | MessageKind::Error, Some(id)) => match request_id(&id) {
            Some(id) => {
                let ErrorData { message, .. } = why("the client's response");
                let error = ErrorData::internal_error(message, None);
                Instead::Message(Box::new(ClientJsonRpcMessage::error(error, Some(id))))
            }
            None => Instead::Nothing,
        },
        _ => Instead::Nothing,
    }
}

/// The error for a message that rmcp's types cannot hold.
pub(crate) fn unreadable(what: &str) -> ErrorData {
    let text = format!(
        "{what} cannot be read: an id is a string or fits in 64 bits, a number fits in a double, and \
         nothing is nested deeper than 128 levels"
    );
    ErrorData::invalid_request(text, None)
}

/// Refuses a request. rmcp's types may not be able to hold its id.
pub(crate) fn refuse(id: &RequestId<'_>, error: &ErrorData) -> Instead {
    match answer(id, error) {
        Some(answer) => Instead::Answer(answer),
        None => Instead::Nothing,
    }
}

fn answer(id: &RequestId<'_>, error: &ErrorData) -> Option<Message> {
    let error = serde_json::to_string(error).ok()?;
    Message::parse(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#)).ok()
}

/// An id in rmcp's type. `None` if it does not fit in 64 bits.
pub(crate) fn request_id(id: &RequestId<'_>) -> Option<model::RequestId> {
    match id {
        RequestId::Integer(digits) => digits.parse().ok().map(model::RequestId::Number),
        RequestId::String(text) => Some(model::RequestId::String((*text).into())),
    }
}
