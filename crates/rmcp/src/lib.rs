//! Serves [rmcp] services over MCP's HTTP+SSE transport, with
//! [`mcp-sse-server`](mcp_sse_server).
//!
//! rmcp is the Rust SDK of MCP. It removed its own HTTP+SSE server in version 0.11. This crate serves the
//! handlers of rmcp 3 to clients that speak only HTTP+SSE. [`RmcpHandler::new`] takes the same function as
//! `StreamableHttpService::new`. It makes a service for each session.
//!
//! ```
//! use mcp_sse_server::SseServerTransport;
//! use mcp_sse_server_rmcp::RmcpHandler;
//! use rmcp::{
//!     ServerHandler,
//!     handler::server::{router::tool::ToolRouter, wrapper::Parameters},
//!     schemars, tool, tool_handler, tool_router,
//! };
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Sum {
//!     a: i64,
//!     b: i64,
//! }
//!
//! struct Calculator {
//!     tool_router: ToolRouter<Self>,
//! }
//!
//! #[tool_router]
//! impl Calculator {
//!     fn new() -> Self {
//!         Self { tool_router: Self::tool_router() }
//!     }
//!
//!     #[tool(description = "Adds two numbers.")]
//!     fn add(&self, Parameters(Sum { a, b }): Parameters<Sum>) -> String {
//!         (a + b).to_string()
//!     }
//! }
//!
//! // Without `router = ..`, rmcp builds the router again for each request.
//! #[tool_handler(router = self.tool_router)]
//! impl ServerHandler for Calculator {}
//!
//! # use http_body_util::BodyExt;
//! # use tower::Service;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = SseServerTransport::new("/messages/", RmcpHandler::new(|| Ok(Calculator::new())))?;
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
//! A [`Session`] is itself an rmcp transport, so a handler of your own can run the service:
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport};
//! // This crate implements rmcp's `IntoTransport` for `Session`.
//! use mcp_sse_server_rmcp as _;
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
//! `examples/rmcp.rs` serves one handler over HTTP+SSE and over Streamable HTTP, at two URLs and at one.
//! The page [`migration`] is for servers that used rmcp's own SSE server.
//!
//! # The HTTP request
//!
//! The context of each request and each notification has the [`http::request::Parts`] of its `POST` in
//! its extensions, as with rmcp's Streamable HTTP: the headers, the URI, and the extensions that
//! middleware added.
//!
//! [`http::request::Parts`]: https://docs.rs/http/1/http/request/struct.Parts.html
//!
//! # Tasks
//!
//! `mcp-sse-server` spawns no task. rmcp spawns a task for each session, for each request and for each
//! notification. These tasks end with the session:
//!
//! - *The client disconnects, or the session is closed.* The token of each open request, `context.ct`, is
//!   cancelled. The session's task ends when the tasks of all its requests have ended, or after 5 s. A tool
//!   that waits for a response of the client gets an error. A tool that ignores its token runs to its end,
//!   as with every transport of rmcp.
//! - *The client cancels a request.* The request's token is cancelled, and no response is sent.
//! - *The server [shuts down](mcp_sse_server::SessionRegistry::shutdown).* Open requests have 5 s to be
//!   answered. Then their tokens are cancelled, and the stream ends.
//!
//! # Bounds
//!
//! While a message of rmcp waits for room in the outbox, no further message is read from that client. Its
//! `POST`s wait, and are then refused with 503. Each time a waiting message enters the outbox, one more
//! message is read.
//!
//! A session may have [`MAX_OPEN_REQUESTS`] open requests, with [`MAX_OPEN_BYTES`] in total. A request over
//! one of these bounds is answered with an error (-32000).
//!
//! # Messages that rmcp cannot read
//!
//! The core accepts some messages that rmcp's types cannot hold, such as an id beyond 64 bits or JSON nested
//! deeper than 128 levels. Such a request is answered with an error (-32600). Such a response completes the
//! server's own request with an error. Such a notification is ignored. The session continues in each case.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `tracing` | warnings for a `tracing` subscriber, with the target `mcp_sse_server_rmcp` |
//!
//! # Versions
//!
//! This crate follows the major versions of rmcp. It is tested with rmcp 3.11 and needs Rust 1.88, as rmcp
//! does. rmcp's feature `local` is not supported.

mod guarded;
mod handler;
mod intake;
mod note;
mod outgoing;
mod read;
mod running;
mod transport;
mod weigh;
mod write;

#[doc = include_str!("migration.md")]
pub mod migration {}

pub use self::{
    guarded::Guarded,
    handler::{RmcpFuture, RmcpHandler},
    transport::OverSession,
};

#[cfg(doc)]
use mcp_sse_server::Session;

/// The code of the README runs as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
