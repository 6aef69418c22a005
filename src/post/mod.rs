//! The messages: a `POST` is answered when its message is in the session's inbox.
//!
//! ```
//! use mcp_sse_server::{RejectionKind, Session, SseServerTransport};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = SseServerTransport::new("/messages/", |_: Session| async {})?;
//! let (_, post) = transport.services();
//!
//! // No session has this id.
//! let request = http::Request::post("/messages/?session_id=0a4c6d9e8b7f4a1392e6d3c5b1a09f8e")
//!     .header("host", "localhost")
//!     .header("content-type", "application/json")
//!     .body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_string())?;
//! let response = post.oneshot(request).await?;
//! assert_eq!(response.status(), 404);
//! let kind = response.extensions().get::<RejectionKind>();
//! assert_eq!(kind, Some(&RejectionKind::SessionNotFound));
//! # Ok(())
//! # }
//! ```
//!
//! # Checks and answers
//!
//! The head of a `POST` is checked first, then its body. The first check that fails decides the answer,
//! in plain text:
//!
//! | check | status | text |
//! |---|---|---|
//! | the method is `POST` | 405, `allow: POST` | `Method Not Allowed` |
//! | the media type is `application/json`, in any case, with any parameters | 400 | `Invalid Content-Type header: ..` |
//! | there is no `content-encoding` but `identity` | 415, `accept-encoding: identity` | `Unsupported content encoding` |
//! | the host is [allowed](crate::security) | 421 | `Invalid Host header` |
//! | the origin, if there is one, is allowed | 403 | `Invalid Origin header` |
//! | a declared `content-length` is within the limit | 413 | `Request body too large` |
//! | the query has a `session_id` | 400 | `session_id is required` |
//! | it is a UUID, given once | 400 | `Invalid session ID` |
//! | the session is open, and belongs to the [principal](crate::session::Principal) | 404 | `Could not find session` |
//! | the session's budget for bodies has room in time | 503, `retry-after` | `Session is busy` |
//! | the budget for all bodies has room in time | 503, `retry-after` | `Server is busy` |
//! | the body stays within the limit | 413 | `Request body too large` |
//! | the body arrives complete, and does not stall | 400 | `Could not read request body: ..` |
//! | it is one [`Message`](crate::message) | 400 | `Could not parse message: ..` |
//! | the session does not [drain](crate::session::Drain), or the message is no request | 404 | `Could not find session` |
//! | the id of a request has at most 4 096 bytes | 400 | `Could not parse message: ..` |
//! | the session has room for one more open request | 503, `retry-after` | `Session is busy: ..` |
//! | the inbox has room in time | 503, `retry-after` | `Session is busy` |
//! | the session is still open | 404 | `Could not find session` |
//! | no check fails: the message **is in the inbox** | 202 | `Accepted` |
//!
//! The dots stand for the precise reason: the received media type, why the body could not be read, or the rule
//! that the message breaks, with the byte offset. No answer quotes the body.
//!
//! A body is kept only if its session is open. The rest of a refused body is read and discarded, up to 16 MiB
//! and for at most 10 s, because many clients read the answer only after they have sent the whole body. A refused
//! `POST` changes nothing: the session and its other messages stay as they are.
//!
//! If the transport has a [relay](crate::relay), a session that is not on this node may be on another
//! node. Then the body is read, too, and the [relay docs](crate::relay) list further answers.

mod body;
mod body_wait;
mod forward;
mod future;
mod reading;
mod service;

pub use self::{body::PostBody, future::ResponseFuture, service::PostService};
