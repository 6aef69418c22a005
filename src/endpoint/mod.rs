//! The endpoint: the path to which clients post, announced in the first event of a stream.
//!
//! The announced URI is a path and a query, never a host: `/messages/?session_id=<32 hex digits>`.
//! A client resolves it against the URL of its stream, so it is valid behind any proxy and under any
//! name of the server. If a proxy or a router removes a prefix from the path before the services see
//! it, announce the prefix with a [`MountPath`]. Set it on the transport, or put it into the
//! extensions of each `GET`.
//!
//! If several servers have one address, the URI also names the server that has the session:
//! `/messages/?session_id=<32 hex digits>&node=a1`. The [`NodeName`] is an option of the transport.
//!
//! Paths are given as plain text and announced percent-encoded: a space becomes `%20`, and `%` becomes
//! `%25`.
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

/// The traits of a type that is made from a text by `new` and shown by `as_str`.
macro_rules! text_traits {
    ($type:ty, $error:ty) => {
        impl AsRef<str> for $type {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        /// Checks a text as `new` does.
        impl std::str::FromStr for $type {
            type Err = $error;

            fn from_str(text: &str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        /// Checks a text as `new` does.
        impl TryFrom<&str> for $type {
            type Error = $error;

            fn try_from(text: &str) -> Result<Self, $error> {
                Self::new(text)
            }
        }

        /// Checks a text as `new` does.
        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                Self::new(text)
            }
        }
    };
}

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
