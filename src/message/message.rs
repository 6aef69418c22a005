use std::{
    fmt,
    hash::{Hash, Hasher},
    str::FromStr,
};

use bytes::Bytes;
use serde::Deserialize;

use super::{
    error::InvalidMessage,
    id::RequestId,
    kind::MessageKind,
    owned_id::OwnedRequestId,
    read::{
        field::field,
        reader::{self, Envelope, IdText},
        text::{Text, str_of},
    },
    short_id::ShortId,
};

/// A JSON-RPC 2.0 message of MCP: a text that was checked once and is kept byte for byte.
///
/// A clone shares the text. Two messages are equal if their texts are equal. The
/// [module docs](crate::message) list what is accepted.
///
/// `Debug` shows the kind, the id, the method and the length, but not the text, which may contain what
/// users say.
#[derive(Clone)]
pub struct Message {
    text: Bytes,
    envelope: Envelope,
}

impl Message {
    /// Checks a text and keeps it. The text is not copied if it can become [`Bytes`] without a copy, as
    /// a `Vec<u8>` or a `String` can.
    ///
    /// ```
    /// use mcp_sse_server::message::{InvalidMessageKind, Message};
    ///
    /// let message = Message::parse(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#)?;
    /// assert_eq!(message.method(), Some("notifications/initialized"));
    ///
    /// let error = Message::parse(r#"{"jsonrpc":"2.0","id":true,"method":"ping"}"#).unwrap_err();
    /// assert_eq!(error.kind(), InvalidMessageKind::Id);
    /// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Fails if the text is not a JSON-RPC 2.0 message of MCP. The error names the broken rule and, where
    /// it can, the byte offset.
    pub fn parse(text: impl Into<Bytes>) -> Result<Self, InvalidMessage> {
        let text = text.into();
        let envelope = reader::read(&text)?;
        Ok(Self { text, envelope })
    }

    /// A message that was checked already.
    pub(super) fn checked(text: Bytes, envelope: Envelope) -> Self {
        Self { text, envelope }
    }

    /// As [`parse`](Self::parse), for a slice of a connection's read buffer.
    pub(crate) fn parse_slice(text: Bytes) -> Result<Self, InvalidMessage> {
        let mut message = Self::parse(text)?;
        message.envelope.is_slice = true;
        Ok(message)
    }

    /// Whether the text may be a small part of a large buffer.
    pub(crate) fn is_slice(&self) -> bool {
        self.envelope.is_slice
    }

    /// Copies the text if it is a slice of a larger buffer, which it would keep in memory.
    pub(crate) fn detach(&mut self) {
        if std::mem::take(&mut self.envelope.is_slice) {
            self.text = Bytes::copy_from_slice(&self.text);
        }
    }

    /// Whether the message is a request, a notification, a response or an error.
    pub fn kind(&self) -> MessageKind {
        self.envelope.kind
    }

    /// The id, with escapes decoded. `None` for a notification, and for an error whose id is `null`.
    pub fn id(&self) -> Option<RequestId<'_>> {
        Some(match self.envelope.id.as_ref()? {
            IdText::Integer(digits) => RequestId::Integer(str_of(&self.text[digits.clone()])),
            IdText::String(text) => RequestId::String(text.resolve(&self.text)),
        })
    }

    /// The method of a request or a notification, with escapes decoded.
    pub fn method(&self) -> Option<&str> {
        let method = self.envelope.method.as_ref()?;
        Some(method.resolve(&self.text))
    }

    /// Reads the whole text as a Rust value.
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
    /// Fails if the text does not fit `T`. The error's `source` is serde's own error, which may quote
    /// the text. serde_json reads at most 128 levels of nesting into a value.
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self) -> Result<T, InvalidMessage> {
        serde_json::from_str(self.as_str())
            .map_err(|error| InvalidMessage::typed("the message does not fit the type", error))
    }

    #[cfg(test)]
    pub(super) fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The id as JSON: the bytes that the peer wrote.
    pub(super) fn id_json(&self) -> Option<&[u8]> {
        let place = match self.envelope.id.as_ref()? {
            IdText::Integer(digits) => digits.clone(),
            IdText::String(text) => text.json(),
        };
        Some(&self.text[place])
    }

    /// The text from the value of `params`, `result` or `error` on. `None` if there are no `params`.
    pub(super) fn content(&self) -> Option<&[u8]> {
        let start = self.envelope.content;
        (start > 0).then(|| &self.text[start..])
    }

    /// The id, if it is short. Cheaper than [`id`](Self::id).
    #[inline]
    pub(crate) fn short_id(&self) -> Option<ShortId> {
        match self.envelope.id.as_ref()? {
            IdText::Integer(place) => ShortId::at(&self.text, place, ShortId::INTEGER),
            IdText::String(Text::Place(place)) => ShortId::at(&self.text, place, ShortId::STRING),
            IdText::String(Text::Decoded(_)) => self.id().and_then(ShortId::of),
        }
    }

    /// The request that a `notifications/cancelled` names.
    pub(crate) fn cancelled(&self) -> Option<OwnedRequestId> {
        if self.kind() != MessageKind::Notification || self.method()? != "notifications/cancelled" {
            return None;
        }
        self.field(&["requestId"])
    }

    /// The string or the integer at a path of members of the params.
    pub(crate) fn field(&self, path: &[&str]) -> Option<OwnedRequestId> {
        field(self.content()?, path)
    }

    /// Whether no reader sees the end of a line in the text: there is no CR, LF, U+0085, U+2028 or U+2029.
    /// A text beyond ASCII is looked through at each call.
    pub(crate) fn is_plain(&self) -> bool {
        self.envelope.chars.is_plain(&self.text)
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
}

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

/// Copies the text.
impl FromStr for Message {
    type Err = InvalidMessage;

    fn from_str(text: &str) -> Result<Self, InvalidMessage> {
        Self::parse(Bytes::copy_from_slice(text.as_bytes()))
    }
}

/// Copies the text.
impl TryFrom<&str> for Message {
    type Error = InvalidMessage;

    fn try_from(text: &str) -> Result<Self, InvalidMessage> {
        text.parse()
    }
}

macro_rules! try_from {
    ($($text:ty),*) => {$(
        impl TryFrom<$text> for Message {
            type Error = InvalidMessage;

            fn try_from(text: $text) -> Result<Self, InvalidMessage> {
                Self::parse(text)
            }
        }
    )*};
}

try_from!(Bytes, String, Vec<u8>);

impl AsRef<[u8]> for Message {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for Message {}

impl Hash for Message {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    const TEXT: &str = r#"{"jsonrpc":"2.0","method":"m"}"#;

    #[test]
    fn a_message_is_made_of_any_text_and_is_its_text() {
        let messages = HashSet::from([
            TEXT.parse().unwrap(),
            Message::try_from(TEXT).unwrap(),
            Message::try_from(TEXT.to_owned()).unwrap(),
            Message::try_from(TEXT.as_bytes().to_vec()).unwrap(),
            Message::try_from(Bytes::from_static(TEXT.as_bytes())).unwrap(),
        ]);
        assert_eq!(messages.len(), 1);
        for message in messages {
            assert_eq!(message.as_ref(), TEXT.as_bytes());
        }
        assert!(Message::try_from("{}").is_err());
    }
}
