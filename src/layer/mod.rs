//! The transport in front of any other service: one layer, two paths.
//!
//! [`McpSseLayer`] answers the requests for the stream's path and for the messages' path, and hands
//! every other request to the inner service, untouched: its body, its error and its readiness stay its
//! own.
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # use http_body_util::{BodyExt, Full};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
//!     while session.recv().await.is_some() {}
//! })?;
//! let inner = service_fn(|request: http::Request<String>| async move {
//!     Ok::<_, std::io::Error>(http::Response::new(Full::new(request.uri().path().to_owned().into())))
//! });
//! let app = ServiceBuilder::new().layer(transport.layer("/sse")?).service(inner);
//!
//! let request = |path| http::Request::get(path).header("host", "localhost").body(String::new());
//! let stream = app.clone().oneshot(request("/sse")?).await?;
//! assert_eq!(stream.headers()["content-type"], "text/event-stream");
//! let other = app.oneshot(request("/other")?).await?.into_body().collect().await?.to_bytes();
//! assert_eq!(other, "/other");
//! # Ok(())
//! # }
//! ```
//!
//! # Which paths
//!
//! The path of a request, as it stands in its target, must be equal to the stream's path, or to the
//! messages' path with or without its last slash. Nothing is decoded, joined or cut: `/SSE`, `//sse`,
//! `/sse/`, `/%73se` and `/x/../sse` are the inner service's. The [`MountPath`](crate::MountPath) is no
//! part of what is compared: it names what was taken off before.
//!
//! # One URL for old and new clients
//!
//! [`SseServerTransport::shared_layer`](crate::SseServerTransport::shared_layer) shares its path with
//! an inner service that speaks Streamable HTTP. There, with or without the last slash,
//!
//! | a request | is |
//! |---|---|
//! | `GET` without `mcp-session-id` and without `last-event-id`, that accepts `text/event-stream` | the transport's: it opens a stream |
//! | `POST` without `mcp-session-id`, with a `session_id` in its query that is a UUID | the transport's: it brings a message |
//! | any other, be it `DELETE`, `HEAD`, `OPTIONS`, or a `session_id` of another form | the inner service's |
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # use http_body_util::Empty;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // In its place stands a service of Streamable HTTP, such as rmcp's.
//! let streamable = service_fn(|_: http::Request<Empty<&[u8]>>| async {
//!     Ok::<_, std::io::Error>(http::Response::new(Empty::<bytes::Bytes>::new()))
//! });
//! let transport = SseServerTransport::new("/mcp", |mut session: Session| async move {
//!     while session.recv().await.is_some() {}
//! })?;
//! let app = transport.shared_layer("/mcp")?.layer(streamable);
//!
//! let old = http::Request::get("/mcp").header("host", "localhost").body(Empty::new())?;
//! let old = app.clone().oneshot(old).await?;
//! assert_eq!(old.headers()["content-type"], "text/event-stream");
//!
//! let new = http::Request::get("/mcp").header("mcp-session-id", "7").body(Empty::new())?;
//! let new = app.oneshot(new).await?;
//! assert!(new.headers().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! The endpoint may be that same path, so that there is one URL and no other, or a path of its own.
//! Each side checks hosts and origins by its own rules: a name must be allowed to both.
//!
//! The inner service should give its clients an `mcp-session-id`. One that keeps no sessions has clients
//! whose `GET` nobody can tell from an old client's; it gets a stream that the client does not
//! understand and, as a rule, passes over.

mod body;
mod future;
mod paths;
mod service;

pub(crate) use self::paths::Paths;
pub use self::{
    body::McpSseBody,
    future::ResponseFuture,
    service::{McpSse, McpSseLayer},
};
