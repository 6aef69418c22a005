//! JSON-RPC messages, checked once and kept byte for byte.
//!
//! A [`Message`] is one JSON-RPC 2.0 message of MCP: a request, a notification, a response or an error.
//!
//! # Reading a message
//!
//! A message of a client is checked when it arrives. [`kind`](Message::kind), [`id`](Message::id) and
//! [`method`](Message::method) do not read it again. The text is never rewritten: large integers, the
//! order of members, escapes and everything inside `params` arrive as the peer wrote them.
//! [`as_request`](Message::as_request), [`as_notification`](Message::as_notification),
//! [`as_response`](Message::as_response) and [`as_error`](Message::as_error) read what is inside with serde.
//!
//! ```
//! use mcp_sse_server::message::{Message, MessageKind, RequestId};
//!
//! let ping = Message::parse(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#)?;
//! assert_eq!(ping.kind(), MessageKind::Request);
//! assert_eq!(ping.id(), Some(RequestId::Integer("7")));
//! assert_eq!(ping.method(), Some("ping"));
//!
//! let batch = Message::parse("[]").unwrap_err();
//! assert_eq!(
//!     batch.to_string(),
//!     "a JSON-RPC batch is not a message, send each one in a POST of its own (at byte 0)",
//! );
//! # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
//! ```
//!
//! # Making a message
//!
//! [`Request::response`] and [`Request::error`] answer a request. The id is copied as the client wrote it.
//! [`Message::notification`] and [`Message::request`] make messages of the server. A value is written by serde
//! once, and is not read again.
//!
//! ```
//! use mcp_sse_server::message::{ErrorCode, Message};
//! use serde_json::json;
//!
//! let message = Message::parse(r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#)?;
//! if let Some(request) = message.as_request() {
//!     let answer = match request.method() {
//!         "ping" => request.response(&json!({}))?,
//!         _ => request.error(ErrorCode::METHOD_NOT_FOUND, "Method not found"),
//!     };
//!     assert_eq!(answer.as_str(), r#"{"jsonrpc":"2.0","id":7,"result":{}}"#);
//! }
//!
//! let params = json!({ "progressToken": "a", "progress": 0.5 });
//! let progress = Message::notification("notifications/progress", &params)?;
//! assert_eq!(progress.method(), Some("notifications/progress"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! serde_json's `RawValue` is copied into a message as it is, whatever its size. Only its escapes are
//! looked at, because half of a surrogate pair is not allowed in a message.
//!
//! # What is accepted
//!
//! A text must satisfy MCP's schema of 2024-11-05 and JSON-RPC 2.0:
//!
//! | member | rule |
//! |---|---|
//! | `jsonrpc` | the string `"2.0"` |
//! | `id` | a string or an integer of any size; may be `null` in an error; absent in a notification |
//! | `method` | a string, in a request or a notification |
//! | `params` | absent, `null` or an object, nested to any depth |
//! | `result` | an object, in a response |
//! | `error` | an object with an integer `code` and a string `message`, in an error |
//! | any other | allowed and ignored |
//!
//! A message has exactly one of `method`, `result` and `error`. None of the members above may be given
//! twice, nor may `code` and `message`.
//!
//! The text must be JSON in UTF-8, without a byte order mark, lone surrogates, `NaN`, `Infinity` or
//! text after the message.

mod construct;
mod content;
mod error;
mod error_code;
mod id;
mod kind;
mod message;
mod owned_id;
mod read;
mod request;
mod short_id;
#[cfg(test)]
mod tests;
mod views;
mod write;

pub(crate) use self::short_id::ShortId;
pub use self::{
    error::{InvalidMessage, InvalidMessageKind},
    error_code::ErrorCode,
    id::RequestId,
    kind::MessageKind,
    message::Message,
    owned_id::OwnedRequestId,
    request::{Request, RequestFailed},
    views::{ErrorResponse, Notification, Response},
};
