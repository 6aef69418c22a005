//! Answers that the gateway gives itself: each request has one.

mod odd;
mod open;

use mcp_sse_server::{
    Message,
    message::{ErrorCode, OwnedRequestId},
    session::SessionSender,
};

pub(crate) use self::{odd::id_of, open::Open};

/// Sends an error that answers a request. It waits while the client does not read.
pub(crate) async fn error(sender: &SessionSender, id: &OwnedRequestId, text: &str) {
    if let Ok(error) = Message::error(id, ErrorCode::INTERNAL_ERROR, text) {
        // An error means that the client is gone.
        let _ = sender.send(error).await;
    }
}

/// Sends an error for each open request.
pub(crate) async fn fail_all(sender: &SessionSender, open: &Open, text: &str) {
    for id in open.take_all() {
        error(sender, &id, text).await;
    }
}
