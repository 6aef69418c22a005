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

mod body;
mod future;
mod layer;
mod paths;
mod service;

pub(crate) use self::paths::Paths;
pub use self::{body::McpSseBody, future::ResponseFuture, layer::McpSseLayer, service::McpSse};
