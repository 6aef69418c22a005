//! A client's messages as rmcp's types.

mod by_method;
mod instead;

use mcp_sse_server::Message;
use rmcp::model::ClientJsonRpcMessage;

use crate::note;

pub(crate) use self::{
    by_method::{by_method, is_direct},
    instead::{Instead, instead, request_id, unreadable},
};

/// Reads any message, as rmcp does.
pub(crate) fn general(message: &Message) -> Option<ClientJsonRpcMessage> {
    let read = serde_json::from_str(message.as_str());
    read.inspect_err(|error| note::unreadable(message, error))
        .ok()
}
