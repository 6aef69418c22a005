//! Where a client posts: the path that the stream's first event announces.
//!
//! The announced URI is a path and a query, never a host: `/messages/?session_id=<32 hex digits>`.
//! A client resolves it against the URL of its stream, so that it holds behind any proxy and under
//! any name of the server. If a proxy or a router takes a prefix off the path before the services
//! see it, the prefix must be announced, too: as a [`MountPath`], fixed in the configuration or put
//! into the extensions of each `GET` request.
//!
//! Where several servers stand behind one address, the URI also says which of them has the session:
//! `/messages/?session_id=<32 hex digits>&node=a1`, with the [`NodeName`] that the server was given.
//!
//! ```
//! use mcp_sse_server::endpoint::MountPath;
//!
//! assert_eq!(MountPath::new("/api/")?.as_str(), "/api");
//! assert_eq!(MountPath::new("größe 100%")?.as_str(), "/gr%C3%B6%C3%9Fe%20100%25");
//!
//! let error = MountPath::new("https://example.com/api").unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "\"https://example.com/api\" must be a path without scheme and host, \
//!      such as \"/api\": clients resolve it against the URL of their stream",
//! );
//! # Ok::<(), mcp_sse_server::endpoint::InvalidEndpoint>(())
//! ```

mod announce;
mod node;
mod path;
mod query;

pub(crate) use self::{
    announce::announce,
    path::Endpoint,
    query::{node, session_id},
};
pub use self::{
    node::{InvalidNodeName, NodeName},
    path::{InvalidEndpoint, MountPath},
};
