//! The transport in servers whose crates the main crate's tests do not have, over TCP.

mod bins;
// The same server, clients and event reader as in the main crate's tests. Not all are used here.
#[allow(dead_code, unused_imports)]
#[path = "../../../../tests/it/support/mod.rs"]
mod support;
mod tls;
mod tonic;
mod warp;
