//! rmcp services over the HTTP+SSE transport of [`mcp-sse-server`](mcp_sse_server).
//!
//! A server that was written with [rmcp], the Rust SDK of MCP, is served to clients that speak
//! only HTTP+SSE: [`RmcpHandler::new`] takes what `StreamableHttpService::new` takes, a function
//! that makes a service for each session.
//!
//! ```
//! use mcp_sse_server::SseServerTransport;
//! use mcp_sse_server_rmcp::RmcpHandler;
//! use rmcp::{ServerHandler, handler::server::wrapper::Parameters, schemars, tool, tool_handler, tool_router};
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Sum {
//!     a: i64,
//!     b: i64,
//! }
//!
//! struct Calculator;
//!
//! #[tool_router]
//! impl Calculator {
//!     #[tool(description = "Adds two numbers.")]
//!     fn add(&self, Parameters(Sum { a, b }): Parameters<Sum>) -> String {
//!         (a + b).to_string()
//!     }
//! }
//!
//! #[tool_handler]
//! impl ServerHandler for Calculator {}
//!
//! let transport = SseServerTransport::new("/messages/", RmcpHandler::new(|| Ok(Calculator)))?;
//! let (sse, post) = transport.services();
//! # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
//! ```
//!
//! Whoever wants a hand in it writes the handler: a [`Session`] is an rmcp transport.
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport};
//! use rmcp::{ServerHandler, ServiceExt};
//!
//! struct Empty;
//!
//! impl ServerHandler for Empty {}
//!
//! let transport = SseServerTransport::new("/messages/", |session: Session| async move {
//!     let id = *session.id();
//!     match Empty.serve(session).await {
//!         Ok(running) => drop(running.waiting().await),
//!         Err(error) => eprintln!("session {id:?} did not start: {error}"),
//!     }
//! })?;
//! # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
//! ```
//!
//! # What reaches a handler
//!
//! The [`http::request::Parts`] of each `POST` are in the extensions of its request's or notification's
//! context, as under rmcp's Streamable HTTP: headers, URI, and the extensions that middleware put there.
//!
//! # What runs where
//!
//! This crate spawns nothing, and rmcp does: a task for the session, and one for each request and each
//! notification. They end with the session:
//!
//! - *The client goes away, or its session is closed.* The token of each request, `context.ct`, is
//!   cancelled, and the session's task ends when all of them are done, or after 5 s. A tool that waits
//!   for the client's answer gets an error then. A tool that does not look at its token runs to its own
//!   end, as with every transport of rmcp.
//! - *The client cancels a request.* Its token is cancelled, and no answer is sent.
//! - *The server [shuts down](mcp_sse_server::SessionRegistry::shutdown).* Requests that are open have 5 s to be
//!   answered, then their tokens are cancelled, and the stream ends.
//!
//! # What is bounded
//!
//! While what rmcp sends waits for a client that does not read, nothing is taken from that client: its
//! `POST`s wait, then get 503. When it reads on, one message is taken for each that goes out. Beside that, a session may have [`MAX_OPEN_REQUESTS`] requests open, of
//! [`MAX_OPEN_BYTES`] together; one beyond them is answered with an error (-32000).
//!
//! # What rmcp cannot read
//!
//! A request that rmcp's types refuse, as one with an id beyond 64 bits or nested deeper than 128 levels,
//! is answered with an error (-32600); an answer that they refuse ends the server's own request with
//! one. Notifications are passed over. None of it ends the session.
//!
//! # Versions
//!
//! Tested with rmcp 3.11, which needs Rust 1.88. Its feature `local` is not supported.

mod caught;
mod handler;
#[doc = include_str!("migration.md")]
pub mod migration {}
mod note;
mod open;
mod read;
mod transport;
mod unsent;

pub use self::{
    handler::{RmcpFuture, RmcpHandler},
    open::{MAX_OPEN_BYTES, MAX_OPEN_REQUESTS},
    transport::OverSession,
};

#[cfg(doc)]
use mcp_sse_server::Session;
