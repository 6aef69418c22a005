//! Behaviour of the transport, one module a topic.

mod auto_traits;
mod handler;
mod keep_alive;
mod memory;
mod security;
mod session;
mod stream;
