//! What the tests, benches and fuzz targets of this workspace share: the transport in memory, servers
//! and processes, and clients that use no code of the crate to read what it wrote.
//!
//! A check that fails panics with the reason. Waits end with a panic after [`PATIENCE`]: the limit is far
//! beyond any real run, so a busy machine does not decide a result.
//!
//! | module | what it holds |
//! |---|---|
//! | [`polled`] | a transport's services in memory, and streams that are polled by hand |
//! | [`bodies`] | a request body that a test feeds piece by piece |
//! | [`events`] | a strict reader of event streams |
//! | [`requests`], [`messages`] | requests and JSON-RPC messages |
//! | [`message_oracle`] | what `Message::parse` must say of a text, by serde_json |
//! | [`handlers`] | session handlers |
//! | [`demo`] | a small MCP server with three tools |
//! | `wire` | an HTTP/1.1 client on a plain TCP connection |
//! | `client` | hyper's own client, for HTTP/1.1 and HTTP/2 |
//! | `server` | a hyper server on a free port |
//! | `proxy` | proxies that cut, hold back or distribute connections |
//! | [`process`] | programs, or this test binary in another role |
//! | [`relay_kit`] | the checks that every relay engine must pass |
//!
//! The modules without a link need the feature `net`.
#![allow(
    missing_debug_implementations,
    reason = "nothing here is printed, and the crate is not published"
)]

pub mod bodies;
#[cfg(feature = "net")]
pub mod client;
pub mod demo;
pub mod events;
pub mod handlers;
pub mod message_oracle;
pub mod messages;
mod patience;
pub mod polled;
pub mod process;
#[cfg(feature = "net")]
pub mod proxy;
pub mod relay_kit;
pub mod requests;
#[cfg(feature = "net")]
pub mod server;
#[cfg(feature = "net")]
pub mod wire;

pub use self::patience::{PATIENCE, until, within};

/// The host of all requests, unless a test sets another.
pub const HOST: &str = "localhost";
