use std::{fmt, str::FromStr};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{
    envelope::{self, Envelope, IdText, Text},
    error::InvalidMessage,
    fast,
    id::RequestId,
};

/// One JSON-RPC 2.0 message of MCP, checked, with its text kept byte for byte.
///
/// A clone shares the text. See the [module docs](crate::message) for what is accepted.
///
/// `Debug` shows the envelope and the length, never the text: messages carry what users say.
#[derive(Clone)]
pub struct Message {
    text: Bytes,
    envelope: Envelope,
    is_one_line: bool,
}

/// Which of the four JSON-RPC messages a [`Message`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// A method and an id: the peer waits for an answer.
    Request,
    /// A method without an id.
    Notification,
    /// The result of a request.
    Response,
    /// The failure of a request, or of a message whose id could not be read.
    Error,
}

impl Message {
    /// Checks a text and keeps it. Nothing is copied if `text` is, or becomes, a [`Bytes`].
    ///
    /// # Errors
    ///
    /// What is no JSON-RPC 2.0 message of MCP, with the rule that it breaks and where.
    pub fn parse(text: impl Into<Bytes>) -> Result<Self, InvalidMessage> {
        let text = text.into();
        let (envelope, is_one_line) = match fast::read(&text) {
            Some(fast) => (fast.envelope, fast.is_one_line),
            None => (envelope::check(&text)?, false),
        };
        Ok(Self {
            text,
            envelope,
            is_one_line,
        })
    }

    /// Writes a value as JSON and checks what comes out, so that a server cannot send what a client
    /// could not read.
    ///
    /// ```
    /// use mcp_sse_server::message::Message;
    /// use serde_json::json;
    ///
    /// let pong = Message::new(&json!({"jsonrpc": "2.0", "id": 7, "result": {}}))?;
    /// assert_eq!(pong.as_str(), r#"{"id":7,"jsonrpc":"2.0","result":{}}"#);
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The value cannot be written as JSON, or is no JSON-RPC 2.0 message of MCP.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, InvalidMessage> {
        let text = serde_json::to_vec(value)
            .map_err(|error| InvalidMessage::typed("the value cannot be written as JSON", error))?;
        Self::parse(text)
    }

    /// Request, notification, response or error.
    pub fn kind(&self) -> MessageKind {
        self.envelope.kind
    }

    /// The id, with escapes read. `None` for a notification and for an error whose id is `null`.
    pub fn id(&self) -> Option<RequestId<'_>> {
        Some(match self.envelope.id.as_ref()? {
            IdText::Integer(digits) => RequestId::Integer(self.resolve(digits)),
            IdText::String(text) => RequestId::String(self.resolve(text)),
        })
    }

    /// The method of a request or a notification, with escapes read.
    pub fn method(&self) -> Option<&str> {
        self.envelope.method.as_ref().map(|text| self.resolve(text))
    }

    /// The whole text as a Rust value.
    ///
    /// ```
    /// use mcp_sse_server::message::Message;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Call<'a> {
    ///     #[serde(borrow)]
    ///     params: Params<'a>,
    /// }
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Params<'a> {
    ///     name: &'a str,
    /// }
    ///
    /// let call = Message::parse(
    ///     r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#,
    /// )?;
    /// assert_eq!(call.deserialize::<Call>()?.params.name, "echo");
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The text does not fit `T`; serde's own words are the error's `source`. They may quote the text.
    /// A message nested deeper than 128 levels fits no `T` that holds those levels.
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self) -> Result<T, InvalidMessage> {
        serde_json::from_slice(&self.text)
            .map_err(|error| InvalidMessage::typed("the message does not fit the type", error))
    }

    /// Whether the text is known to have no line breaks.
    pub(crate) fn is_one_line(&self) -> bool {
        self.is_one_line
    }

    /// The text, as it was given.
    pub fn as_bytes(&self) -> &Bytes {
        &self.text
    }

    /// The text, as it was given.
    pub fn as_str(&self) -> &str {
        str_of(&self.text)
    }

    /// The text, as it was given.
    pub fn into_bytes(self) -> Bytes {
        self.text
    }

    fn resolve<'a>(&'a self, text: &'a Text) -> &'a str {
        match text {
            Text::Place(range) => str_of(&self.text[range.clone()]),
            Text::Unescaped(text) => text,
        }
    }
}

fn str_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a message is UTF-8 and is cut at characters")
}

impl FromStr for Message {
    type Err = InvalidMessage;

    fn from_str(text: &str) -> Result<Self, InvalidMessage> {
        Self::parse(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl TryFrom<Bytes> for Message {
    type Error = InvalidMessage;

    fn try_from(text: Bytes) -> Result<Self, InvalidMessage> {
        Self::parse(text)
    }
}

/// Two messages are equal if their texts are.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("kind", &self.kind())
            .field("id", &self.id())
            .field("method", &self.method())
            .field("len", &self.text.len())
            .finish()
    }
}
