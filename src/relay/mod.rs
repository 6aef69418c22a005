//! Relays: forward a `POST` that arrives at the wrong node to the node that has the session.
//!
//! Several servers may stand behind a load balancer that cannot
//! [route by the session's node](crate::guide::nodes). Then a `POST` may arrive at any of them. If its
//! session is not on this node, and its URI names another node, this node reads and checks the `POST` as
//! usual. Then it passes the `POST` to a [`Relay`], with its head and the
//! [`Principal`](crate::session::Principal) that the application's authentication found. The relay
//! forwards it to the [`Inbound`] of the named node, which puts the message into the session's inbox. The
//! relay brings the answer back:
//!
//! | at the session's node | status | text |
//! |---|---|---|
//! | the message **is in the inbox** | 202 | `Accepted` |
//! | the session does not exist, or belongs to another principal | 404 | `Could not find session` |
//! | the inbox stays full for the delivery timeout, or the session's share of room for bodies is used up | 503, `retry-after` | `Session is busy` |
//! | the room for the bodies of all sessions is used up | 503, `retry-after` | `Server is busy` |
//! | the message is larger than the body limit of that node | 413 | `Request body too large` |
//!
//! | on the way | status | text |
//! |---|---|---|
//! | no node has that name, so the session does not exist | 404 | `Could not find session` |
//! | the `POST` is larger than the relay can carry | 413 | `Request too large for the relay` |
//! | the nodes cannot reach each other, nothing was sent | 503, `retry-after` | `Session's node cannot be reached` |
//! | the `POST` was sent, and no answer came in time | 504 | `Session's node did not answer, it may have the message` |
//!
//! # Delivery is at most once
//!
//! A message is sent once. It is not sent again when its answer is lost or when the link comes back. If no
//! answer comes, this node cannot know whether the message arrived. The client then gets `504`, without
//! `retry-after`: a client that retried could call its tool twice. The client decides: it may send a
//! `ping` again, but should look up a payment first.
//!
//! Such a message may also arrive late, after messages that were sent later. This happens when the node
//! that has the session was paused, or when the link broke and then sends what it had buffered.
//!
//! # What arrives
//!
//! The session receives the message byte for byte, the URI, the HTTP version, the headers, and the
//! principal as an extension. Other extensions do not arrive, because they are values in the memory of
//! one process. Middleware runs only on the node that the client reached.
//!
//! If a client sends each message after the `202` of the message before, the session receives them in
//! that order, through any nodes. A message whose answer is neither `202` nor `504` is never delivered.
//!
//! # An engine of your own
//!
//! An engine has two halves. It does not interpret the bytes that it moves. One half is a [`Relay`], set
//! with [`SseServerTransport::relay`](crate::SseServerTransport::relay): it sends a `POST` and returns the
//! answer. The other half receives each `POST` and calls [`Inbound::deliver`]. Both halves, in one
//! process:
//!
//! ```
//! use std::{collections::HashMap, sync::{Arc, Mutex}};
//!
//! use bytes::Bytes;
//! use mcp_sse_server::{
//!     endpoint::NodeName,
//!     relay::{Inbound, Relay, RelayError, RelayFuture},
//! };
//!
//! /// Nodes in one process.
//! #[derive(Clone, Default)]
//! struct Neighbours(Arc<Mutex<HashMap<NodeName, Inbound>>>);
//!
//! impl Neighbours {
//!     fn join(&self, inbound: Inbound) {
//!         self.0.lock().unwrap().insert(inbound.node().clone(), inbound);
//!     }
//! }
//!
//! impl Relay for Neighbours {
//!     fn forward<'a>(&'a self, node: &'a NodeName, post: Bytes) -> RelayFuture<'a> {
//!         Box::pin(async move {
//!             let inbound = self.0.lock().unwrap().get(node).cloned();
//!             let inbound = inbound.ok_or(RelayError::NoSuchNode)?;
//!             Ok(inbound.deliver(post).await)
//!         })
//!     }
//! }
//!
//! # use mcp_sse_server::{Session, SseServerTransport};
//! # use http_body_util::BodyExt;
//! # use tower::Service;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let neighbours = Neighbours::default();
//! let node = |name: &str| -> Result<_, Box<dyn std::error::Error>> {
//!     let handler = |mut session: Session| async move { while session.recv().await.is_some() {} };
//!     let transport = SseServerTransport::new("/messages/", handler)?
//!         .node(name)?
//!         .relay(neighbours.clone());
//!     neighbours.join(transport.inbound());
//!     Ok(transport.services())
//! };
//! let (mut sse, _) = node("a1")?;
//! let (_, mut post) = node("a2")?;
//!
//! let get = http::Request::get("/sse").header("host", "localhost").body(String::new())?;
//! let mut stream = sse.call(get).await?.into_body();
//! let endpoint = stream.frame().await.unwrap()?.into_data().unwrap();
//! let uri = std::str::from_utf8(&endpoint)?.lines().nth(1).unwrap().trim_start_matches("data: ");
//!
//! // The session is on a1, and the POST arrives at a2.
//! let request = http::Request::post(uri)
//!     .header("host", "localhost")
//!     .header("content-type", "application/json")
//!     .body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_string())?;
//! assert_eq!(post.call(request).await?.status(), 202);
//! # Ok(())
//! # }
//! ```
//!
//! An engine must keep these rules:
//!
//! - It passes each `POST` to the `Inbound` of the named node, at most once.
//! - It returns the answer of this `Inbound` unchanged.
//! - If the node does not exist, it returns [`NoSuchNode`](RelayError::NoSuchNode) at once.
//! - If the `POST` may have been sent and no answer comes in time, it returns
//!   [`NoAnswer`](RelayError::NoAnswer).
//! - It lets only nodes send to an `Inbound`, because an `Inbound` trusts the principal that a `POST` names.
//!
//! The crate `mcp-sse-server-nats` is an engine over NATS. The example `examples/redis_relay` is an engine
//! over Redis. Both pass the tests of `crates/testkit/src/relay_kit`, which test any engine.

mod engine;
mod error;
mod frame;
mod inbound;
mod reply;

pub use self::{
    engine::{Relay, RelayFuture},
    error::RelayError,
    inbound::Inbound,
};
pub(crate) use self::{frame::encode, reply::decode};
