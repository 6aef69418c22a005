use std::fmt;

/// The four kinds of JSON-RPC messages.
///
/// ```
/// use mcp_sse_server::message::{Message, MessageKind};
///
/// let message = Message::parse(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#)?;
/// assert_eq!(message.kind(), MessageKind::Request);
/// assert_eq!(message.kind().to_string(), "request");
/// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A method and an id. The peer expects an answer.
    Request,
    /// A method without an id. The peer expects no answer.
    Notification,
    /// The result of a request.
    Response,
    /// The failure of a request, or of a message whose id could not be read.
    Error,
}

impl MessageKind {
    /// The name in lower case: `request`, `notification`, `response` or `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Notification => "notification",
            Self::Response => "response",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
