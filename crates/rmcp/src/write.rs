//! rmcp's messages as text.

use std::io;

use mcp_sse_server::{Message, message::InvalidMessage};
use rmcp::{
    ErrorData,
    model::{RequestId, ServerJsonRpcMessage},
};

use crate::note;

/// The request that a message answers.
pub(crate) fn answered(item: &ServerJsonRpcMessage) -> Option<&RequestId> {
    match item {
        ServerJsonRpcMessage::Response(response) => Some(&response.id),
        ServerJsonRpcMessage::Error(error) => error.id.as_ref(),
        _ => None,
    }
}

/// Writes a message. A response that is no message of MCP becomes an error, because the client waits for a
/// response.
pub(crate) fn write(item: &ServerJsonRpcMessage) -> io::Result<Message> {
    Message::new(item).or_else(|error| {
        note::unwritable(&error);
        let id = answered(item).ok_or_else(|| unwritable(&error))?;
        let internal = ErrorData::internal_error(
            format!("the server's response is not a message of MCP: {error}"),
            None,
        );
        Message::new(&ServerJsonRpcMessage::error(internal, Some(id.clone())))
            .map_err(|error| unwritable(&error))
    })
}

fn unwritable(error: &InvalidMessage) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error.to_string())
}
