//! MCP's HTTP+SSE transport (specification 2024-11-05) as [`tower`] services over plain [`http`] types,
//! for hyper, axum, warp and any other tower stack.
//!
//! ```text
//! client                                        server
//!   │  GET /sse                                    │
//!   ├─────────────────────────────────────────────▶│  SseService opens a Session
//!   │  event: endpoint                             │  and calls the Handler with it
//!   │  data: /messages/?session_id=..              │
//!   │◀─────────────────────────────────────────────┤
//!   │  POST /messages/?session_id=..               │
//!   │  {"jsonrpc":"2.0","id":1,"method":"ping"}    │
//!   ├─────────────────────────────────────────────▶│  PostService checks the message and
//!   │  202 Accepted                                │  puts it into the session's inbox
//!   │◀─────────────────────────────────────────────┤
//!   │  event: message                              │  session.recv() returns the message,
//!   │  data: {"jsonrpc":"2.0","id":1,"result":{}}  │  session.send() sends the answer
//!   │◀─────────────────────────────────────────────┤
//! ```
//!
//! # Example
//!
//! ```
//! use mcp_sse_server::{
//!     Message, Session, SseServerTransport, message::ErrorCode, session::SendError,
//! };
//! use serde_json::json;
//! use tower::Service;
//!
//! # use http_body_util::BodyExt;
//! async fn handle(mut session: Session) -> Result<(), SendError> {
//!     while let Some(incoming) = session.recv().await {
//!         // Notifications and responses get no answer.
//!         let Some(request) = incoming.message.as_request() else { continue };
//!         let answer = match request.method() {
//!             "ping" => request.response(&json!({})),
//!             _ => Ok(request.error(ErrorCode::METHOD_NOT_FOUND, "Method not found")),
//!         };
//!         session.send(answer.unwrap_or_else(Message::from)).await?;
//!     }
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = SseServerTransport::new("/messages/", handle)?;
//! // Mount these in your framework, at `/sse` and at `/messages/`.
//! let (mut sse, mut post) = transport.services();
//!
//! let get = http::Request::get("/sse").header("host", "localhost").body(String::new())?;
//! let mut stream = sse.call(get).await?.into_body();
//! let endpoint = stream.frame().await.unwrap()?.into_data().unwrap();
//! let uri = std::str::from_utf8(&endpoint)?.lines().nth(1).unwrap().trim_start_matches("data: ");
//!
//! let request = http::Request::post(uri)
//!     .header("host", "localhost")
//!     .header("content-type", "application/json")
//!     .body(r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#.to_string())?;
//! assert_eq!(post.call(request).await?.status(), 202);
//!
//! let answer = stream.frame().await.unwrap()?.into_data().unwrap();
//! assert_eq!(answer, "event: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n");
//! # Ok(())
//! # }
//! ```
//!
//! # Where to read more
//!
//! | module | contents |
//! |---|---|
//! | [`guide`] | use with axum, hyper, warp, tonic and actix-web, with users and tokens, behind proxies, with traces and metrics; tests; troubleshooting |
//! | [`SseServerTransport`] | the options and their defaults |
//! | [`handler`] | what runs a session, where, and for how long |
//! | [`session`] | receiving, sending, the registry of open sessions |
//! | [`message`] | which JSON-RPC messages are accepted, how to read them and how to make answers |
//! | [`post`] | the answer to each `POST` |
//! | [`sse`] | the answer to each `GET`: the stream |
//! | [`layer`] | a layer that puts the transport in front of any service |
//! | [`security`] | which hosts and origins are allowed |
//! | [`endpoint`] | the announced path, under prefixes and behind proxies |
//! | [`response`] | the kinds of refusals |
//! | [`relay`] | several servers behind a load balancer that cannot route by session |
//!
//! # Types
//!
//! | to store | use |
//! |---|---|
//! | a transport, or its services, in a struct | [`BoxHandler`](handler::BoxHandler) as `H`: `SseServerTransport<BoxHandler>`, `SseService<BoxHandler>`. The type of a closure cannot be named |
//! | one handler in several places | `Arc<H>`, which is a handler, too |
//! | a handler with state | a type that implements [`Handler`], or a closure that owns the state |
//! | something that sends to a client | [`SessionSender`](session::SessionSender), a cheap clone |
//! | all sessions of a transport | [`SessionRegistry`], a cheap clone |
//! | a session, a request as the key of a map | [`SessionId`](session::SessionId), [`OwnedRequestId`](message::OwnedRequestId) |
//! | the body of a response beside other bodies | `http_body_util::BodyExt::boxed_unsync`: a stream holds its handler, which is often not `Sync` |
//!
//! ```
//! use mcp_sse_server::{PostService, SessionRegistry, SseServerTransport, SseService, handler::BoxHandler};
//!
//! struct App {
//!     sse: SseService<BoxHandler>,
//!     post: PostService,
//!     sessions: SessionRegistry,
//! }
//!
//! impl App {
//!     fn new(transport: &SseServerTransport<BoxHandler>) -> Self {
//!         let (sse, post) = transport.services();
//!         Self { sse, post, sessions: transport.sessions() }
//!     }
//! }
//! ```
//!
//! # What runs where
//!
//! The body of the stream drives the session's handler, inside the task of the HTTP server. Only
//! [`Spawned`](handler::Spawned) spawns tasks. When the client is gone, the server drops the body. This
//! closes the session and drops its handler. The timers are tokio's: a tokio runtime with time enabled
//! must be running.
//!
//! # Cancel safety
//!
//! Every future of this crate may be dropped at any time:
//!
//! - If a `POST` is dropped before its answer 202, its message is not delivered, unless it is on its way
//!   to another node.
//! - If a [`send`](Session::send) is dropped before it completes, its message is not sent.
//! - If a [`recv`](Session::recv) is dropped before it completes, no message is lost.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `metrics` | counters, gauges and histograms for a recorder of the `metrics` facade, see [`guide::observability`] |
//! | `tracing` | spans and events for a `tracing` subscriber, see [`guide::observability`] |
//! | `full` | both |
//!
//! No feature is on by default. The minimum Rust version is 1.85.
//!
//! # Other crates
//!
//! | crate | what it is |
//! |---|---|
//! | `mcp-sse-server-rmcp` | serves the handlers of rmcp |
//! | `mcp-sse-server-nats` | a [relay] over NATS |
//! | `mcp-sse-gateway` | a program that serves any stdio or Streamable HTTP server over HTTP+SSE |
//!
//! # What is not promised
//!
//! The texts of errors and log events may change in any version. Default limits and timeouts may become
//! stricter in a minor version, if this stops an attack.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod calls;
mod caught;
mod drain;
pub mod endpoint;
mod event;
pub mod guide;
pub mod handler;
pub mod layer;
pub mod message;
mod observe;
mod options;
pub mod post;
mod queue;
pub mod relay;
pub mod response;
pub mod security;
pub mod session;
pub mod sse;
mod sync;
mod timer;
mod transport;

#[doc(inline)]
pub use self::{
    endpoint::MountPath,
    handler::Handler,
    layer::McpSseLayer,
    message::Message,
    post::PostService,
    response::RejectionKind,
    security::TransportSecurity,
    session::{Incoming, Session, SessionRegistry},
    sse::SseService,
    transport::SseServerTransport,
};

/// The code of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
