//! Sessions: one open stream each, and the registry where `GET` and `POST` meet.
//!
//! A [`Session`] is what the handler gets: the messages that the client posts come out of
//! [`recv`](Session::recv), and what is given to [`send`](Session::send) goes out on the stream. Both
//! ways are bounded, and waiting is the back-pressure: a `POST` waits while the session's inbox is
//! full, a `send` waits while the client does not read.
//!
//! Where the application's authentication puts a [`Principal`] into the extensions of each request, a
//! session belongs to the one who opened it, and to everybody else it does not exist.
//!
//! The [`SessionRegistry`] knows every open session. Two ends, one rule: a stream that goes away takes
//! its entry with it, and an entry that is closed ends its stream.

mod activity;
mod budget;
mod channel;
mod close_reason;
mod delivery;
mod detach;
mod ending;
mod guard;
mod halves;
mod id;
mod incoming;
mod info;
#[cfg(all(test, shuttle))]
mod model;
mod open_requests;
mod outgoing;
mod principal;
mod queue;
mod registry;
mod send_error;
mod shutdown;
mod table;

pub(crate) use self::{
    budget::Budget,
    channel::{Channel, ChannelOptions},
    delivery::{DeliveryError, Offer},
    guard::{SessionEntry, SessionGuard},
    id::IdSource,
    outgoing::Outgoing,
    principal::PrincipalSource,
    queue::Capacity,
    registry::SessionOptions,
    table::{Limits, OpenError},
};
pub use self::{
    close_reason::CloseReason,
    halves::{Session, SessionReceiver, SessionSender},
    id::{InvalidSessionId, SessionId},
    incoming::Incoming,
    info::{Broadcast, QueueDepth, SessionInfo},
    principal::Principal,
    registry::SessionRegistry,
    send_error::{SendError, TrySendError},
    shutdown::{Shutdown, ShutdownFuture},
};
