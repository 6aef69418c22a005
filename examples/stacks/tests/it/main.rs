//! The transport in servers whose crates the main crate's tests do not have, over TCP.

mod bins;
mod tls;
mod tonic;
mod warp;
