//! Behaviour of the transport, one module a topic.

mod auto_traits;
mod caps;
mod handler;
mod ids;
mod keep_alive;
mod memory;
mod principal;
mod security;
mod session;
mod stream;
#[cfg(feature = "tracing")]
mod trace;
