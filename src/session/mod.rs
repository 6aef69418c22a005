//! Sessions, one for each open stream, and the registry where `GET` and `POST` meet.
//!
//! A handler gets a [`Session`]. [`recv`](Session::recv) gives out the messages that the client posts,
//! [`send`](Session::send) sends messages on the stream. Both directions are bounded: a `POST` waits
//! while the session's inbox is full, a `send` waits while its outbox is full.
//!
//! A session is *closed* with a [`CloseReason`], a stream *leaves* when it is gone, and a shutdown
//! *drains* sessions: it refuses new messages and lets the handler finish. Dropping the stream removes
//! the session from the [`SessionRegistry`]; removing the session ends the stream.
//!
//! Where the application's authentication puts a [`Principal`] into the extensions of each request, a
//! session belongs to the principal that opened it. For any other principal it does not exist.

mod activity;
mod close_reason;
mod detach;
mod entry;
mod error;
mod id;
mod incoming;
mod info;
mod lifecycle;
#[cfg(all(test, shuttle))]
mod model;
mod outgoing;
mod principal;
mod receiver;
mod registry;
mod room;
mod sender;
mod session;
mod shutdown;
mod state;
mod table;

pub use self::{
    close_reason::CloseReason,
    error::{SendError, TrySendError},
    id::{InvalidSessionId, SessionId},
    incoming::Incoming,
    info::{Broadcast, QueueDepth, SessionInfo},
    principal::Principal,
    receiver::SessionReceiver,
    registry::SessionRegistry,
    sender::SessionSender,
    session::Session,
    shutdown::{Shutdown, ShutdownFuture},
};
pub(crate) use self::{
    entry::{SessionEntry, StreamGuard},
    outgoing::Outgoing,
    room::Room,
    state::State,
};
