//! The transport over TCP, in servers whose crates the core's tests do not depend on.

mod bins;
// The server, clients and event reader of the core's tests. Some are not used here.
#[allow(dead_code, unused_imports)]
#[path = "../../../../tests/it/support/mod.rs"]
mod support;
mod tls;
mod tonic;
mod warp;
