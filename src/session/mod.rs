//! Sessions, one for each open stream, and their registry.
//!
//! A handler gets a [`Session`]. [`recv`](Session::recv) returns the messages that the client posts.
//! [`send`](Session::send) sends messages on the stream. Both directions are bounded: a `POST` waits
//! while the session's inbox is full, and a `send` waits while its outbox is full.
//!
//! ```
//! use mcp_sse_server::{Message, Session, session::SendError};
//!
//! /// Answers each request with an empty result, until no more messages come.
//! async fn run(mut session: Session) -> Result<(), SendError> {
//!     while let Some(incoming) = session.recv().await {
//!         let Some(request) = incoming.message.as_request() else { continue };
//!         let answer = request.response(&serde_json::json!({}));
//!         session.send(answer.unwrap_or_else(Message::from)).await?;
//!     }
//!     Ok(())
//! }
//!
//! # fn main() -> Result<(), mcp_sse_server::endpoint::InvalidEndpoint> {
//! # use mcp_sse_server::SseServerTransport;
//! let transport = SseServerTransport::new("/messages/", run)?;
//! // The registry: lists sessions, sends to them, closes them.
//! let sessions = transport.sessions();
//! assert!(sessions.list().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! # The end of a session
//!
//! - A session is *closed*, with a [`CloseReason`]. It leaves the [`SessionRegistry`], and its stream ends
//!   after the messages in the outbox and an error (-32603) for each request that has no answer.
//! - A stream *leaves*: the server dropped it. This closes the session.
//! - A [`Drain`], such as a shutdown, *drains* sessions: they refuse new requests, still take responses and
//!   notifications, and their handlers can finish.
//!
//! # The owner of a session
//!
//! If the application's authentication puts a [`Principal`] into the extensions of each request, a
//! session belongs to the principal that opened it. A `POST` of any other principal gets the same answer
//! as for an unknown session.

mod activity;
mod close_reason;
mod delivery;
mod detach;
mod drain;
mod entry;
mod error;
mod handshake;
mod id;
mod incoming;
mod info;
mod lifecycle;
#[cfg(all(test, shuttle))]
mod model;
mod open;
mod open_id;
mod open_requests;
mod outbox;
mod outgoing;
mod pair;
mod principal;
mod receiver;
mod registry;
mod request;
mod returning;
mod room;
mod sender;
mod session;
mod state;
mod table;

pub use self::{
    close_reason::CloseReason,
    drain::{Drain, DrainFuture},
    error::{SendError, TryRecvError, TrySendError},
    id::{InvalidSessionId, SessionId},
    incoming::Incoming,
    info::{Broadcast, QueueDepth, SessionInfo},
    pair::{Peer, Refused},
    principal::Principal,
    receiver::SessionReceiver,
    registry::SessionRegistry,
    request::{Answer, RequestError},
    sender::SessionSender,
    session::Session,
};
pub(crate) use self::{
    delivery::Undelivered,
    entry::{SessionEntry, StreamGuard},
    incoming::head_weight,
    outgoing::Outgoing,
    room::Room,
    state::State,
};
