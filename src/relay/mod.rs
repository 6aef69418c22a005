//! Relays: a `POST` that comes to the wrong node is taken to the right one.
//!
//! Where several servers stand behind a load balancer that cannot
//! [route by the session's node](crate::guide::nodes), each of them takes every `POST`. One whose
//! session is not here, and whose URI names another node, is read and checked as any other; then it is
//! given to a [`Relay`], with its head and the [`Principal`](crate::session::Principal) that the
//! application's authentication found. The relay takes it to the [`Inbound`] of the named node, which
//! puts it into the session's inbox, and brings the answer back:
//!
//! | at the session's node | status | text |
//! |---|---|---|
//! | the message **is in the inbox** | 202 | `Accepted` |
//! | there is no such session, or it is another principal's | 404 | `Could not find session` |
//! | the inbox is full, and stays so for the delivery timeout | 503, `retry-after` | `Session is busy` |
//! | too much is on its way into all inboxes | 503, `retry-after` | `Server is busy` |
//! | the message is larger than that node's body limit | 413 | `Request body too large` |
//!
//! | on the way | status | text |
//! |---|---|---|
//! | there is no such node, and so no session of it | 404 | `Could not find session` |
//! | it is larger than what the relay carries | 413 | `Request too large for the relay` |
//! | the nodes cannot reach each other; nothing was sent | 503, `retry-after` | `Session's node cannot be reached` |
//! | it was sent, and no answer came in time | 504 | `Session's node did not answer, it may have the message` |
//!
//! # Delivered once, or not known
//!
//! A message is sent once. Nothing here sends it again: not when its answer is lost, not when the link
//! comes back. When no answer comes, nobody on this side can know whether the message arrived; the
//! client is told just that, with `504` and without `retry-after`, since a client that takes the hint to
//! try again would have its tool called twice. It knows its own message best: a `ping` may be sent again,
//! a payment is to be looked up first. Such a message may also arrive
//! late, and then after messages that were sent after it: when the node that has the session was held up
//! and goes on, or when the link broke and what it had taken goes out once it is back.
//!
//! # What arrives
//!
//! The message byte for byte, the URI, the HTTP version and the headers, and the principal as an
//! extension. Other extensions stay behind: they are values in the memory of one process. Middleware
//! runs on the node that the client reached, and not again.
//!
//! Messages that a client sends one after the other, each after the `202` of the one before, come out
//! of the inbox in that order, whichever nodes they came through. What was answered with another status
//! than `202` and `504` does not come at all.
//!
//! # An engine of your own
//!
//! An engine moves two pieces of bytes whose form is not its business. One half is a [`Relay`], given to
//! [`SseServerTransport::relay`](crate::SseServerTransport::relay): it takes a `POST` there and its
//! answer back. The other half receives, and calls [`Inbound::deliver`] for each `POST`. Both halves, in
//! one process:
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
//! let get = http::Request::get("/sse").header("host", "localhost").body(())?;
//! let mut stream = sse.call(get).await?.into_body();
//! let endpoint = stream.frame().await.unwrap()?.into_data().unwrap();
//! let uri = std::str::from_utf8(&endpoint)?.lines().nth(1).unwrap().trim_start_matches("data: ");
//!
//! // The session is at a1, and the POST comes to a2.
//! let request = http::Request::post(uri)
//!     .header("host", "localhost")
//!     .header("content-type", "application/json")
//!     .body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_string())?;
//! assert_eq!(post.call(request).await?.status(), 202);
//! # Ok(())
//! # }
//! ```
//!
//! An engine holds to this:
//!
//! - Each `POST` is given to the one `Inbound` of that name, once or not at all.
//! - The answer is that `Inbound`'s, unchanged.
//! - A node that is not there is [`NoSuchNode`](RelayError::NoSuchNode), at once. What may have been sent
//!   and has no answer is [`NoAnswer`](RelayError::NoAnswer), in time.
//! - Whoever can give bytes to an `Inbound` can say that they come from any principal. Only nodes may.
//!
//! `examples/redis_relay` does this over Redis, and runs the checks of `tests/relay_kit`, which any other
//! engine can run, too.
//!
//! The crate `mcp-sse-server-nats` is an engine over NATS.

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
