//! How to have it in the server that you have.
//!
//! | in | page | runnable example |
//! |---|---|---|
//! | axum | [`axum`] | `examples/axum.rs` |
//! | hyper, HTTP/1.1 and HTTP/2, TLS | [`hyper`], [`tls`] | `examples/quickstart.rs`, [`tls.rs`] |
//! | warp | [`warp`] | [`warp.rs`] |
//! | tonic, beside gRPC | [`tonic`] | [`tonic.rs`] |
//! | rmcp, also beside its Streamable HTTP | the crate `mcp-sse-server-rmcp` | its `examples/rmcp.rs` |
//! | under middleware of tower and tower-http | [`middleware`] | |
//! | behind nginx and other proxies | [`proxies`] | |
//! | with traces and metrics | [`observability`] | `examples/observe.rs` |
//! | on more than one server | [`nodes`] | |
//! | with OpenTelemetry | [`opentelemetry`] | [`opentelemetry.rs`] |
//!
//! # What holds everywhere
//!
//! **One layer or two services.** [`SseServerTransport::layer`] puts both paths before any tower
//! service, in one line. [`SseServerTransport::services`] gives the two services, for a router.
//!
//! **Both spellings.** Clients disagree on the slash at the end of the messages' path. The layer serves
//! both spellings; in a router, mount [`PostService`] twice. Do not redirect from one to the other:
//! clients lose bodies and credentials on the way.
//!
//! **Prefixes.** Clients are told a path, and resolve it against the URL of their stream. Where a
//! router or a proxy takes a prefix off, it must be announced: with
//! [`SseServerTransport::mount_path`] if it is fixed, with a [`MountPath`] in the extensions of the
//! `GET` if it is not.
//!
//! **Hosts.** Only loopback is let in until [`TransportSecurity`] says otherwise. A server that is
//! reached by a name must allow it, and so must one behind a proxy that passes the `Host` on.
//!
//! **The end.** An open stream is a request on its way: a graceful shutdown waits for it, and would wait
//! for ever. Call [`SessionRegistry::shutdown`] when the server begins to stop: it ends all streams
//! after what was sent, and refuses new ones with 503.
//!
//! [`SseServerTransport::layer`]: crate::SseServerTransport::layer
//! [`SseServerTransport::services`]: crate::SseServerTransport::services
//! [`SseServerTransport::mount_path`]: crate::SseServerTransport::mount_path
//! [`SessionRegistry::shutdown`]: crate::SessionRegistry::shutdown
//! [`MountPath`]: crate::MountPath
//! [`PostService`]: crate::PostService
//! [`TransportSecurity`]: crate::TransportSecurity
//! [`tls.rs`]: tls#the-whole-of-it
//! [`warp.rs`]: warp#the-whole-of-it
//! [`tonic.rs`]: tonic#the-whole-of-it
//! [`opentelemetry.rs`]: opentelemetry#the-whole-of-it

#[doc = include_str!("axum.md")]
pub mod axum {}

#[doc = include_str!("hyper.md")]
pub mod hyper {}

#[doc = include_str!("middleware.md")]
pub mod middleware {}

#[doc = include_str!("nodes.md")]
pub mod nodes {}

#[doc = include_str!("observability.md")]
pub mod observability {}

#[doc = include_str!("proxies.md")]
pub mod proxies {}

// The code of these is compiled and run by `examples/stacks`, which has the crates that it needs.

#[cfg_attr(not(doctest), doc = include_str!("opentelemetry.md"))]
pub mod opentelemetry {}

#[cfg_attr(not(doctest), doc = include_str!("tls.md"))]
pub mod tls {}

#[cfg_attr(not(doctest), doc = include_str!("tonic.md"))]
pub mod tonic {}

#[cfg_attr(not(doctest), doc = include_str!("warp.md"))]
pub mod warp {}
