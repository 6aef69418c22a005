//! How to add the transport to your server.
//!
//! | server | page | runnable example |
//! |---|---|---|
//! | axum | [`axum`] | `examples/axum.rs` |
//! | hyper, HTTP/1.1 and HTTP/2, TLS | [`hyper`], [`tls`] | `examples/quickstart.rs`, [`tls.rs`] |
//! | warp | [`warp`] | [`warp.rs`] |
//! | tonic, beside gRPC | [`tonic`] | [`tonic.rs`] |
//! | actix-web, and others without tower | [`actix`] | [`actix.rs`] |
//! | rmcp, also beside its Streamable HTTP | the crate [`mcp-sse-server-rmcp`] | its example `rmcp` |
//! | with middleware of tower and tower-http | [`middleware`] | |
//! | with users and tokens | [`authentication`] | `examples/auth.rs` |
//! | with endpoints that come and go | [`endpoints`] | `examples/endpoints.rs` |
//! | behind nginx and other proxies | [`proxies`] | |
//! | with tests | [`testing`] | |
//! | with a status or a hang that you did not expect | [`troubleshooting`] | |
//! | with traces and metrics | [`observability`] | `examples/observe.rs` |
//! | on more than one server | [`nodes`] | |
//! | for a client that you know: what works, what helps | [`clients`] | |
//! | with clients that vanish or do not read | [`connections`] | |
//! | with OpenTelemetry | [`opentelemetry`] | [`opentelemetry.rs`] |
//!
//! # Rules for all servers
//!
//! **One layer or two services.** [`SseServerTransport::layer`] puts both paths in front of any tower
//! service, in one line. [`SseServerTransport::services`] gives the two services, for a router.
//!
//! **Both spellings.** Some clients post with a trailing slash, others without it. The layer serves both
//! spellings. In a router, mount [`PostService`] twice. Do not redirect from one spelling to the other:
//! clients lose bodies and credentials when they follow a redirect.
//!
//! **Prefixes.** A client gets a path and resolves it against the URL of its stream. If a router or a
//! proxy removes a prefix, announce the prefix. If it is fixed, use
//! [`SseServerTransport::mount_path`]. If it differs between requests, put a [`MountPath`] into the
//! extensions of the `GET`.
//!
//! **Hosts.** Only loopback is allowed until you configure [`TransportSecurity`]. If clients reach the
//! server under a name, allow the name. The same applies behind a proxy that passes the `Host` on.
//!
//! **Shutdown.** An open stream is an open request: a graceful shutdown waits for it without end. Call
//! [`SessionRegistry::shutdown`] when the server begins to stop. It refuses new streams with 503
//! and new requests with 404. A stream ends when its open calls have their answers. At the deadline (10 s), they
//! get an error. Then bound the graceful shutdown itself: a client
//! that does not read would keep the process alive, see [`connections`].
//!
//! **Vanished clients.** Set `TCP_USER_TIMEOUT` on the listener, see [`connections`]. Without it, the session of a
//! machine that lost its network stays open for about 15 minutes.
//!
//! [`SseServerTransport::layer`]: crate::SseServerTransport::layer
//! [`SseServerTransport::services`]: crate::SseServerTransport::services
//! [`SseServerTransport::mount_path`]: crate::SseServerTransport::mount_path
//! [`SessionRegistry::shutdown`]: crate::SessionRegistry::shutdown
//! [`MountPath`]: crate::MountPath
//! [`PostService`]: crate::PostService
//! [`TransportSecurity`]: crate::TransportSecurity
//! [`actix.rs`]: actix#complete-example
//! [`tls.rs`]: tls#complete-example
//! [`warp.rs`]: warp#complete-example
//! [`tonic.rs`]: tonic#complete-example
//! [`opentelemetry.rs`]: opentelemetry#complete-example
//! [`mcp-sse-server-rmcp`]: https://docs.rs/mcp-sse-server-rmcp

#[doc = include_str!("authentication.md")]
pub mod authentication {}

#[doc = include_str!("axum.md")]
pub mod axum {}

#[doc = include_str!("clients.md")]
pub mod clients {}

#[doc = include_str!("connections.md")]
pub mod connections {}

#[doc = include_str!("endpoints.md")]
pub mod endpoints {}

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

#[doc = include_str!("testing.md")]
pub mod testing {}

#[doc = include_str!("troubleshooting.md")]
pub mod troubleshooting {}

// The code of these pages needs other crates: `examples/stacks` compiles and runs it.

#[cfg_attr(not(doctest), doc = include_str!("actix.md"))]
pub mod actix {}

#[cfg_attr(not(doctest), doc = include_str!("opentelemetry.md"))]
pub mod opentelemetry {}

#[cfg_attr(not(doctest), doc = include_str!("tls.md"))]
pub mod tls {}

#[cfg_attr(not(doctest), doc = include_str!("tonic.md"))]
pub mod tonic {}

#[cfg_attr(not(doctest), doc = include_str!("warp.md"))]
pub mod warp {}
