//! The public types can be sent to and shared between threads.

use std::fmt::Debug;

use mcp_sse_server_nats::{InvalidPrefix, NatsEvent, NatsRelay, NatsRelayOptions, ServeError};

fn everywhere<T: Send + Sync + Debug + 'static>() {}
fn clone<T: Clone>() {}

#[test]
fn public_types_have_the_traits_that_servers_need() {
    everywhere::<NatsRelay>();
    everywhere::<NatsRelayOptions>();
    everywhere::<NatsEvent>();
    everywhere::<InvalidPrefix>();
    everywhere::<ServeError>();
    clone::<NatsRelay>();
}
