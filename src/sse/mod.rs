//! The stream: a `GET` is answered with server-sent events.
//!
//! ```
//! use http_body_util::BodyExt;
//! use mcp_sse_server::{Session, SseServerTransport};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let transport = SseServerTransport::new("/messages/", |mut session: Session| async move {
//!     while session.recv().await.is_some() {}
//! })?;
//! let (sse, _) = transport.services();
//!
//! let get = http::Request::get("/sse").header("host", "localhost").body(String::new())?;
//! let mut stream = sse.oneshot(get).await?.into_body();
//! let first = stream.frame().await.unwrap()?.into_data().unwrap();
//! assert!(first.starts_with(b"event: endpoint\ndata: /messages/?session_id="));
//! assert_eq!(transport.sessions().len(), 1);
//!
//! // The session lives as long as its stream.
//! drop(stream);
//! assert!(transport.sessions().is_empty());
//! # Ok(())
//! # }
//! ```

mod body;
mod frames;
mod future;
mod last_words;
mod service;
mod stream;
mod watch;

pub use self::{body::SseBody, future::ResponseFuture, service::SseService};
