//! The transport over TCP, in servers whose crates the core's tests do not depend on.

mod actix;
mod bins;
mod tls;
mod tonic;
mod warp;
