//! The public types can be sent to and shared between threads.

use std::fmt::Debug;

use mcp_sse_server_nats::{InvalidPrefix, NatsEvent, NatsRelay, NatsRelayOptions, ServeError};

fn everywhere<T: Send + Sync + Debug + 'static>() {}
fn clone<T: Clone>() {}

#[test]
fn values_go_where_a_server_takes_them() {
    everywhere::<NatsRelay>();
    everywhere::<NatsRelayOptions>();
    everywhere::<NatsEvent>();
    everywhere::<InvalidPrefix>();
    everywhere::<ServeError>();
    clone::<NatsRelay>();
}
