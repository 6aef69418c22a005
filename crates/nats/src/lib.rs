//! A [`Relay`](mcp_sse_server::relay::Relay) over NATS.
//!
//! Each node subscribes to one subject, `mcp-sse.<node>`. A `POST` for a session of another node becomes
//! one message to that node's subject, and the reply to it becomes the answer. NATS knows nothing of
//! sessions and keeps nothing: core NATS is enough, without JetStream.
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
//! // Takes in what the other nodes send, for as long as it runs.
//! tokio::spawn(relay.serve(transport.inbound()));
//! let (sse, post) = transport.services();
//! # Ok(())
//! # }
//! ```
//!
//! `examples/two_nodes.rs` is the whole of it.
//!
//! # When NATS is away
//!
//! The connection is made, and made again, in the background, from the first one on. While there is
//! none, a node's own sessions go on undisturbed, and a `POST` for another's is answered with 503 at once.
//! One that was sent when the connection broke is answered with 504 at once: it may have arrived, and it
//! may yet, since the client sends what it had taken when it is connected again.
//!
//! A node that nobody listens for is gone, and its sessions with it: 404, at once. But in the first
//! [5 seconds](SETTLE) of a connection the other node may just not be back yet, and the answer is 503.
//!
//! # Larger messages
//!
//! NATS carries 1 MiB by default, its `max_payload`; a `POST` takes its text, its headers and its URI. One
//! that is larger is answered with 413, and nothing is sent. Raise `max_payload` (up to 8 MiB, says the
//! manual of NATS) beyond [`body_limit`](mcp_sse_server::SseServerTransport::body_limit), or lower that.
//!
//! # Who may do what
//!
//! What comes from NATS is checked as what comes over HTTP, but for one thing: whoever may publish to a
//! node's subject may say that a message comes from any principal. Session ids and credentials in
//! headers pass through NATS. So use TLS, and an account or user for the nodes alone. This is all that a
//! node needs, here `a1`:
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
//! with `ConnectOptions::with_user_and_password(..).custom_inbox_prefix("_INBOX.a1")`, so that no node
//! reads the answers to another. `allow_responses = true` can stand in place of `_INBOX.>`.
//!
//! # Two nodes of one name
//!
//! would each get the other's messages, and answer that they have no such session. A node asks, when it
//! connects, whether its name is taken, and both say so: [`NatsEvent::NameTaken`].

mod event;
mod link;
mod log;
mod options;
mod pending;
mod serve;

/// The options of the NATS client, as async-nats has them: credentials, TLS and all else.
pub use async_nats::ConnectOptions;

pub use self::{
    event::NatsEvent,
    link::{NatsRelay, SETTLE},
    options::{InvalidPrefix, NatsRelayOptions},
    serve::ServeError,
};
