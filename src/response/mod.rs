//! Refusals: their kinds and their responses.
//!
//! Every error response of this crate has its [`RejectionKind`] in its extensions, for middleware that
//! counts or logs:
//!
//! ```
//! use mcp_sse_server::{Session, SseServerTransport, response::RejectionKind};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (_, post) = SseServerTransport::new("/messages/", |_: Session| async {})?.services();
//! let request = http::Request::get("/messages/").body(String::new())?;
//! let response = post.oneshot(request).await?;
//! let kind = response.extensions().get::<RejectionKind>();
//! assert_eq!(kind, Some(&RejectionKind::MethodNotAllowed));
//! # Ok(())
//! # }
//! ```

mod kind;
mod rejection;

#[cfg(feature = "tracing")]
pub(crate) use rejection::Hint;
pub(crate) use rejection::{Rejection, text};

pub use kind::RejectionKind;
