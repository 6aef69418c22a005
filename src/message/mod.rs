//! JSON-RPC messages, checked once and kept byte for byte.
//!
//! A [`Message`] is one JSON-RPC 2.0 message of MCP: a request, a notification, a response or an error.
//! It is checked when it is made. [`kind`](Message::kind), [`id`](Message::id) and
//! [`method`](Message::method) do not read it again. The text is never rewritten: large integers, the
//! order of members, escapes and everything inside `params` arrive as the peer wrote them.
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
mod cursor;
mod error;
mod error_code;
mod escape;
mod field;
mod id;
mod kind;
mod message;
mod output;
mod owned_id;
mod quote;
mod reader;
mod request;
mod scan;
mod serializer;
#[cfg(test)]
mod tests;
mod text;
mod views;
mod writer;

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
