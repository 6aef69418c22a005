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
//!   │  event: message                              │  session.recv() gives it out,
//!   │  data: {"jsonrpc":"2.0","id":1,"result":{}}  │  session.send() answers
//!   │◀─────────────────────────────────────────────┤
//! ```
//!
//! # Example
//!
//! ```
//! use mcp_sse_server::{Message, Session, SseServerTransport};
//! use tower::Service;
//!
//! # use http_body_util::BodyExt;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Answers every request with an empty result.
//! let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
//!     while let Some(incoming) = session.recv().await {
//!         let Some(id) = incoming.message.id() else { continue };
//!         let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
//!         let answer = Message::parse(answer).expect("an answer is a message");
//!         if session.send(answer).await.is_err() {
//!             break;
//!         }
//!     }
//! })?;
//! // Mount these in your framework, at `/sse` and at `/messages/`.
//! let (mut sse, mut post) = transport.services();
//!
//! let get = http::Request::get("/sse").header("host", "localhost").body(())?;
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
//! # Where to read on
//!
//! | module | what it says |
//! |---|---|
//! | [`guide`] | how to have it in axum, hyper, warp and tonic, under middleware and behind proxies, with traces and metrics |
//! | [`SseServerTransport`] | the options and their defaults |
//! | [`handler`] | what runs a session, where, and for how long |
//! | [`session`] | receiving, sending, the registry of open sessions |
//! | [`message`] | which JSON-RPC messages are accepted, and that none is changed |
//! | [`post`] | the answer to each `POST` |
//! | [`layer`] | a layer that puts the transport before any service |
//! | [`security`] | which hosts and origins are let in |
//! | [`endpoint`] | what is announced, under prefixes and behind proxies |
//! | [`relay`] | several servers behind a load balancer that does not know which has a session |
//!
//! # What runs where
//!
//! Nothing is spawned. The stream's body drives the session's handler, inside the task of the HTTP
//! server, and when the client is gone and the server drops the body, the session is gone with it.
//! Timers are tokio's, so a tokio runtime with time enabled must be running.
//!
//! # Cancel safety
//!
//! Every future of this crate may be dropped at any time. A `POST` that is dropped before it is
//! answered with 202 is not delivered, unless it is on its way to another node; a [`send`](Session::send) that is dropped before it is done is
//! not sent; a [`recv`](Session::recv) that is dropped has taken nothing.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `metrics` | counters, gauges and histograms for a recorder of the `metrics` facade, see [`guide::observability`] |
//! | `tracing` | spans and events for a `tracing` subscriber, see [`guide::observability`] |
//! | `full` | all of the above |
//!
//! None is on by default. The minimum Rust version is 1.85.
//!
//! # Other crates
//!
//! | crate | what it is |
//! |---|---|
//! | `mcp-sse-server-rmcp` | serves the handlers of rmcp |
//! | `mcp-sse-server-nats` | a [relay] over NATS |
//! | `mcp-sse-gateway` | a program that serves any stdio server over HTTP+SSE |
//!
//! # What is not promised
//!
//! The wording of errors and events, and defaults that protect: limits and time-outs may become
//! stricter in a minor version where an attack asks for it.

#![cfg_attr(docsrs, feature(doc_cfg))]

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
