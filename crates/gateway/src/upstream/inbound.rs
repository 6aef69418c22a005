//! The way of an upstream's messages to the client.

use mcp_sse_server::{Message, message::MessageKind, session::SessionSender};

use crate::{
    answers::{self, Open},
    limit::limited,
    log::shown,
};

pub(super) struct Inbound {
    pub(super) sender: SessionSender,
    pub(super) open: Open,
}

impl Inbound {
    /// Sends a message of the server to the client, as the server wrote it. It waits while the client does not
    /// read.
    pub(super) async fn deliver(&self, data: &str) {
        if data.trim_ascii().is_empty() {
            return;
        }
        match Message::parse(data.to_owned()) {
            Ok(message) => self.pass(message).await,
            Err(error) => {
                let text = shown(data.as_bytes(), 200);
                limited!(
                    warn,
                    "upstream_skipped",
                    "skipped an event of the upstream that is not a message: {error}: {text}"
                );
                if let Some(id) =
                    answers::id_of(data.as_bytes(), None).filter(|id| self.open.take(id))
                {
                    let text =
                        format!("the server answered with an event that is not a message: {error}");
                    answers::error(&self.sender, &id, &text).await;
                }
            }
        }
    }

    /// Sends a message to the client. An answer is sent only if its request is open, so that no answer is sent
    /// twice and none of a handshake that the client did not ask for.
    pub(super) async fn pass(&self, message: Message) {
        let is_answer = matches!(message.kind(), MessageKind::Response | MessageKind::Error);
        if is_answer && !message.id().is_some_and(|id| self.open.answered(id)) {
            if message.id().is_none() {
                limited!(
                    warn,
                    "upstream_skipped",
                    "skipped an error that answers no request: {}",
                    shown(message.as_bytes(), 200)
                );
            }
            return;
        }
        drop(self.sender.send(message).await);
    }
}
