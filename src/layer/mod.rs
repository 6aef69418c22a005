//! The transport in front of any other service: one layer, two paths.
//!
//! [`McpSseLayer`] answers the requests for the stream's path and for the messages' path. It passes every
//! other request to the inner service unchanged. It does not change the inner service's bodies, errors
//! and readiness either.
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
//! assert_eq!(stream.headers()["content-type"], "text/event-stream; charset=utf-8");
//! let other = app.oneshot(request("/other")?).await?.into_body().collect().await?.to_bytes();
//! assert_eq!(other, "/other");
//! # Ok(())
//! # }
//! ```
//!
//! # Which paths
//!
//! The layer compares the path of the request's target byte by byte. It must be equal to the stream's
//! path or to the messages' path, each with or without the last slash. The layer does not decode or
//! normalise the path: `/SSE`, `//sse`, `/%73se` and `/x/../sse` go to the inner service. The
//! [`MountPath`](crate::MountPath) is not compared, because it names a prefix that a router or a proxy has
//! already removed.
//!
//! Both paths may be the same, as in `SseServerTransport::new("/mcp", ..)` with `layer("/mcp")`. Then a
//! `POST` with a `session_id` in its query is a message, and any other request is for the stream. A `POST`
//! without it gets 405, which makes clients that try Streamable HTTP first fall back.
//!
//! # One URL for old and new clients
//!
//! [`SseServerTransport::shared_layer`](crate::SseServerTransport::shared_layer) shares its path with
//! an inner service that speaks Streamable HTTP. On this path, with or without the last slash, the layer
//! decides by the request:
//!
//! | request | goes to |
//! |---|---|
//! | `GET` without `mcp-session-id` and `last-event-id`, that accepts `text/event-stream` | the transport, which opens a stream |
//! | `POST` without `mcp-session-id`, with a UUID as `session_id` in its query | the transport, which delivers the message |
//! | any other, such as `DELETE`, `HEAD`, `OPTIONS`, or a `session_id` that is not a UUID | the inner service |
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # use http_body_util::Empty;
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Stands for a Streamable HTTP service, such as rmcp's.
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
//! assert_eq!(old.headers()["content-type"], "text/event-stream; charset=utf-8");
//!
//! let new = http::Request::get("/mcp").header("mcp-session-id", "7").body(Empty::new())?;
//! let new = app.oneshot(new).await?;
//! assert!(new.headers().is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! The endpoint may be the same path, so that clients need one URL only, or a path of its own. The
//! transport and the inner service check hosts and origins by their own rules: allow a name in both.
//!
//! The inner service should give its clients an `mcp-session-id`. If it does not, the `GET` of such a
//! client looks like the `GET` of an old client, and the transport opens a stream for it. The client does
//! not understand this stream, and usually ignores it.

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
