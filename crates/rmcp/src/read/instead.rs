use mcp_sse_server::{
    Message,
    message::{self, ErrorCode, MessageKind},
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

/// What replaces a message. `why` says what is wrong with what it is told: the request, or the response.
pub(crate) fn instead(
    message: &Message,
    code: ErrorCode,
    why: impl FnOnce(&str) -> String,
) -> Instead {
    if let Some(request) = message.as_request() {
        return Instead::Answer(request.error(code, why("the request")));
    }
    // Complete the server's own request with an error.
    let id = match message.kind() {
        MessageKind::Response | MessageKind::Error => message.id(),
        _ => None,
    };
    match id.and_then(|id| request_id(&id)) {
        Some(id) => {
            let error = ErrorData::internal_error(why("the client's response"), None);
            Instead::Message(Box::new(ClientJsonRpcMessage::error(error, Some(id))))
        }
        None => Instead::Nothing,
    }
}

/// What replaces a message that rmcp's types cannot hold.
pub(crate) fn unreadable(message: &Message) -> Instead {
    instead(message, ErrorCode::INVALID_REQUEST, |what| {
        format!(
            "{what} cannot be read: an id is a string or fits in 64 bits, a number fits in a double, and \
             nothing is nested deeper than 128 levels"
        )
    })
}

/// An id in rmcp's type. `None` if it does not fit in 64 bits.
pub(crate) fn request_id(id: &message::RequestId<'_>) -> Option<model::RequestId> {
    match id {
        message::RequestId::Integer(digits) => digits.parse().ok().map(model::RequestId::Number),
        message::RequestId::String(text) => Some(model::RequestId::String((*text).into())),
    }
}
