//! A [`Relay`] over NATS, for servers of [`mcp-sse-server`](mcp_sse_server) that run on several nodes.
//!
//! A session lives in the memory of one node. If a `POST` reaches another node, that node sends it over NATS
//! to the node that has the session, and the reply becomes the answer to the `POST`. Each node subscribes to
//! one subject, `mcp-sse.<node>`. NATS knows nothing of sessions and stores nothing: core NATS is enough,
//! without JetStream.
//!
//! ```no_run
//! use mcp_sse_server::{Session, SseServerTransport};
//! use mcp_sse_server_nats::{ConnectOptions, NatsRelay};
//!
//! # async fn handle(session: Session) {}
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! let relay = NatsRelay::options()
//!     .on_event(|event| eprintln!("{event}"))
//!     .connect("nats://127.0.0.1:4222", ConnectOptions::new())
//!     .await?;
//! let transport = SseServerTransport::new("/messages/", handle)?
//!     .node("a1")?
//!     .relay(relay.clone());
//! // Receives the messages of other nodes while it runs.
//! tokio::spawn(relay.serve(transport.inbound()));
//! let (sse, post) = transport.services();
//! # Ok(())
//! # }
//! ```
//!
//! `examples/two_nodes.rs` is a complete server. The [guide](mcp_sse_server::guide::nodes) says when you need a
//! relay and what it costs. The module [`relay`](mcp_sse_server::relay) says how each `POST` is answered.
//!
//! # When NATS is unavailable
//!
//! The client connects and reconnects in the background, including the first attempt. Without a connection, the
//! sessions of this node work, and a `POST` for a session of another node is answered with 503 at once. A
//! `POST` that was sent before the connection broke is answered with 504 at once. It may have arrived, or may
//! still arrive: the NATS client sends its buffered messages after it has reconnected.
//!
//! If no node subscribes to a name, that node is gone and so are its sessions: the answer is 404, at once. In
//! the first [5 seconds](SETTLE) of a connection the other node may not have reconnected yet, so the answer
//! is 503.
//!
//! # Large messages
//!
//! NATS limits a message to `max_payload`, 1 MiB by default. A relayed `POST` consists of its body, its
//! headers and its URI. A larger `POST` is not sent and is answered with 413. Raise `max_payload` above
//! [`body_limit`](mcp_sse_server::SseServerTransport::body_limit), or lower `body_limit`. The NATS manual advises
//! against more than 8 MiB.
//!
//! # Permissions
//!
//! A node checks a `POST` from NATS like a `POST` from HTTP, with one exception: a NATS client that may publish
//! to a node's subject can name any principal. Session ids and the credentials in headers pass through NATS.
//! Therefore use TLS, and an account or users for the nodes only. A node, here `a1`, needs these permissions:
//!
//! ```text
//! authorization {
//!   users = [{
//!     user: a1, password: $A1_PASSWORD
//!     permissions {
//!       subscribe = ["mcp-sse.a1", "_INBOX.a1.>"]
//!       publish   = ["mcp-sse.*", "_INBOX.>"]
//!     }
//!   }]
//! }
//! ```
//!
//! Connect with `ConnectOptions::with_user_and_password(..).custom_inbox_prefix("_INBOX.a1")`, so that no node
//! can read the replies to another node. `allow_responses = true` can replace `_INBOX.>`.
//!
//! # Two nodes with the same name
//!
//! Each of them receives messages for the other, and answers that the session does not exist. When a node
//! connects, it asks whether its name is in use. If so, both nodes report [`NatsEvent::NameTaken`].
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `tracing` | an event for each [`NatsEvent`], for a `tracing` subscriber, with the target `mcp_sse_server_nats` |
//!
//! # Versions
//!
//! This crate follows the versions of async-nats. It is tested with async-nats 0.51 and needs Rust 1.89.

mod event;
mod link;
mod log;
mod options;
mod pending;
mod serve;

/// The options of the NATS client, re-exported from async-nats: credentials, TLS and the rest.
pub use async_nats::ConnectOptions;

pub use self::{
    event::NatsEvent,
    link::{NatsRelay, SETTLE},
    options::{InvalidPrefix, NatsRelayOptions},
    serve::ServeError,
};

#[cfg(doc)]
use mcp_sse_server::relay::Relay;

/// The code of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
