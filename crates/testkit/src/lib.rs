//! What the topics share: an echo server, in memory and on a socket, and clients that take no part of
//! the crate on trust.

mod client;
mod echo;
mod events;
mod memory;
pub(crate) mod polled;
mod server;
mod wire;

use std::time::Duration;

pub(crate) use self::{
    client::{Body, Client, a_session_to_its_end},
    echo::{echo, echoed, ping},
    events::{Event, Events},
    memory::{Memory, post},
    server::Server,
    wire::{Wire, WireBody, post_text},
};

/// The host that requests are for, unless a test says otherwise.
pub(crate) const HOST: &str = "localhost";

/// Awaits what must come. The limit is far beyond any real run, it only ends a test that hangs.
pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(done) => done,
        Err(_) => panic!("{what}: nothing came for a minute"),
    }
}
