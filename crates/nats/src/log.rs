//! Events for a `tracing` subscriber. Without the feature `tracing`, the function does nothing.

use crate::event::NatsEvent;

#[cfg(feature = "tracing")]
pub(crate) fn event(event: &NatsEvent) {
    const TARGET: &str = "mcp_sse_server_nats";
    match event {
        NatsEvent::Connected => tracing::info!(target: TARGET, "{event}"),
        _ => tracing::warn!(target: TARGET, "{event}"),
    }
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn event(_: &NatsEvent) {}
