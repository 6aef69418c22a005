//! JSON-RPC messages: checked once, kept byte for byte.
//!
//! A [`Message`] is one JSON-RPC 2.0 message of MCP: a request, a notification, a response or an
//! error. Its envelope is checked when it is made; after that its kind, id and method are there for
//! the asking. The text itself is never printed again: integers beyond 64 bits, the order of keys,
//! escapes and everything inside `params` arrive as the peer wrote them.
//!
//! ```
//! use mcp_sse_server::message::{RequestId, MessageKind, Message};
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
//! What is accepted is what MCP's schema of 2024-11-05 and JSON-RPC 2.0 have in common:
//!
//! | member | rule |
//! |---|---|
//! | `jsonrpc` | the string `"2.0"` |
//! | `id` | a string or an integer of any size; `null` in an error only; absent in a notification |
//! | `method` | a string; it makes the message a request or a notification |
//! | `params` | absent, `null` or an object, at any depth |
//! | `result` | an object |
//! | `error` | an object with an integer `code` and a string `message` |
//! | any other | let through unread |
//!
//! Whatever says two things at once is refused: a member given twice, `result` beside `error`, either
//! of them beside `method`. So is what JSON does not allow: a byte order mark, lone surrogates,
//! `NaN`, text after the message.

mod checked;
mod cursor;
mod envelope;
mod error;
mod fast;
mod id;
mod scan;
mod strings;

pub use self::{
    checked::{Message, MessageKind},
    error::{InvalidMessage, InvalidMessageKind},
    id::RequestId,
};
