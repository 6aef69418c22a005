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
//! `examples/rmcp.rs` serves one handler over HTTP+SSE and over Streamable HTTP, at two URLs and at one.
//! The page [`migration`] is for servers that used rmcp's own SSE server.
//!
//! # A service for each session
//!
//! [`RmcpHandler::new`] makes services from nothing. [`RmcpHandler::with`] makes them from the [`Session`]: its
//! id, who opened it, and the head of its `GET`.
//!
//! The context of each request and each notification has in its `extensions`, as with rmcp's Streamable
//! HTTP, the [`http::request::Parts`] of its `POST`: the headers, the URI, and the extensions that middleware
//! added. It also has the [`SessionId`] and the [`SessionSender`], which knows whether the server shuts down:
//!
//! ```
//! use mcp_sse_server::session::SessionSender;
//! use rmcp::{RoleServer, service::RequestContext};
//!
//! /// Works in steps. Ends early if the server shuts down.
//! async fn work(context: RequestContext<RoleServer>) -> String {
//!     let session = context.extensions.get::<SessionSender>();
//!     for step in 1..=10 {
//!         if session.is_some_and(SessionSender::is_draining) {
//!             return format!("stopped after step {step}, the server shuts down");
//!         }
//!         tokio::task::yield_now().await;
//!     }
//!     "done".to_owned()
//! }
//! ```
//!
//! [`http::request::Parts`]: https://docs.rs/http/1/http/request/struct.Parts.html
//! [`SessionId`]: mcp_sse_server::session::SessionId
//! [`SessionSender`]: mcp_sse_server::session::SessionSender
//!
//! # rmcp's `serve`, by hand
//!
//! A [`Session`] is itself an rmcp transport, so a handler of your own can run the service. [`Guarded`] gives it
//! what [`RmcpHandler`] gives: an answer after a panic, and an end of work that nobody waits for.
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport};
//! use mcp_sse_server_rmcp::Guarded;
//! use rmcp::{ServerHandler, ServiceExt};
//!
//! struct Empty;
//!
//! impl ServerHandler for Empty {}
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = SseServerTransport::new("/messages/", |session: Session| async move {
//!     let running = Guarded::new(Empty).serve(session).await?;
//!     running.waiting().await?;
//!     Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
//! })?;
//! # let server = mcp_sse_testkit::server::Server::spawn(&transport).await;
//! # let (uri, mut events) = server.open("/sse").await;
//! # let ping = mcp_sse_testkit::messages::ping(1);
//! # assert_eq!(server.post(&uri, ping).await.status(), 202);
//! # assert_eq!(events.next().await.unwrap().data, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
//! # Ok(())
//! # }
//! ```
//!
//! # Clients that come back
//!
//! Many clients open a new stream when theirs breaks, and continue without `initialize`. rmcp cannot serve a
//! session without it. So the session [is initialised](Session::initialize_returning_clients) on behalf of the
//! client, and the service sees an `initialize` that states no capabilities. This also serves one-shot clients,
//! which never send `initialize`. [`RmcpHandler::initialize_returning_clients`] turns it off. A `Session` that is
//! given to rmcp's `serve` or `serve_directly` always does it.
//!
//! # How work ends
//!
//! `mcp-sse-server` spawns no task. rmcp spawns a task for each session, for each request and for each
//! notification. These tasks end with the session:
//!
//! - *The client disconnects, or the session is closed.* The token of each open request, `context.ct`, is
//!   cancelled. A tool that waits for a response of the client gets an error. A tool that ignores its token is
//!   dropped after 5 s, at an await.
//! - *The client cancels a request.* The request's token is cancelled, and no response is sent. A tool that
//!   ignores its token is dropped after 5 s.
//! - *The server [shuts down](mcp_sse_server::SessionRegistry::shutdown), or drains a session.* New requests are
//!   refused. Open requests have until the deadline that you set to be answered. They can still report progress
//!   and ask the client. A tool that would take longer can watch [`SessionSender::draining`].
//!
//! Each request is answered. If the service ends, fails or panics before, or the deadline comes, the client gets
//! an error (-32603) that states the reason.
//!
//! [`SessionSender::draining`]: mcp_sse_server::session::SessionSender::draining
//!
//! # Bounds
//!
//! | what | default | a message over it |
//! |---|---|---|
//! | requests and notifications that run in one session | 1 024 | is refused |
//! | their bytes | 64 MiB, [`session_bytes`](RmcpHandler::session_bytes) | is refused |
//! | requests and notifications that run in all sessions of a handler | 16 384 | is refused |
//! | their bytes | 256 MiB, [`total_bytes`](RmcpHandler::total_bytes) | is refused |
//! | messages to the client | those of the [outbox](mcp_sse_server::SseServerTransport::queue_messages) | waits |
//!
//! A request that is refused is answered with an error (-32000) that names the bound. A notification is ignored.
//! A request whose id is that of a request that still runs is answered with an error (-32600).
//!
//! The bytes of a message are an estimate of the memory that it takes in rmcp's values: JSON of 4 MB can take 700 MB.
//! They are counted before the message is read. The crate's tests count the memory itself, for many kinds of JSON, and
//! allow 1.5 times the bytes of the bound, and 2.5 times for one long text. What a client has cancelled, and what a
//! client that left had running, counts until it has ended. A session that runs nothing may always run one message of
//! at most 16 KiB, so that a few sessions cannot keep all others from being served: the bounds of all sessions are
//! twice as large for these messages.
//!
//! A client's response to a request of the handler is not counted with what runs. One that takes more than the bytes of a
//! session fails the handler's request with an error that names the bound.
//!
//! A [`Session`] that is given to rmcp's `serve` has the same bounds, and all such sessions of the process share those
//! of all sessions. [`Bounds`] sets others. The bounds hold with [`Guarded`]. Without it, a call that runs on after it
//! was cancelled, or after its session ended, need not count any more. And a call that panics is not answered before
//! its session ends, and counts until then.
//!
//! Messages go out in the order in which rmcp sends them. While one of them waits for room in the outbox, no further
//! message is read from that client. Its `POST`s wait, and are then refused with 503. Each time a waiting message
//! enters the outbox, one more message is read.
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
//! In 10 s at most ten warnings of each reason are written, for all sessions of a process. The rest has the level of
//! debug, and `left_out` of the next warning counts it. None quotes a message. rmcp's own events, with the target
//! `rmcp`, do, and have no limit. The filter `rmcp=off` leaves them out.
//!
//! # Versions
//!
//! This crate follows the major versions of rmcp. It is tested with rmcp 3.11 and needs Rust 1.88, as rmcp
//! does. rmcp's feature `local` is not supported.

mod bounds;
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
    bounds::Bounds,
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
