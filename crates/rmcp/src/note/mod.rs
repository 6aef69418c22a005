//! Events for a `tracing` subscriber. Without the feature `tracing` each function does nothing. No event
//! quotes what a client sent. Clients can cause each of them, so each has a limit.

#[cfg(feature = "tracing")]
mod limit;

use std::{fmt, io};

use mcp_sse_server::message::{InvalidMessage, Message};

use crate::running::Excess;

/// rmcp's types cannot hold a message of the client.
pub(crate) fn unreadable(message: &Message, error: &serde_json::Error) {
    note(
        Reason::Unreadable,
        format_args!(
            "rmcp cannot read a {:?} from the client: {:?} at line {} column {}",
            message.kind(),
            error.classify(),
            error.line(),
            error.column(),
        ),
    );
}

/// A message of rmcp is not a message of MCP.
pub(crate) fn unwritable(error: &InvalidMessage) {
    note(
        Reason::Unwritable,
        format_args!("the server's message is not a message of MCP: {error}"),
    );
}

/// A notification or a response came before the first request.
pub(crate) fn early() {
    note(
        Reason::Early,
        format_args!("ignored a message that the client sent before its first request"),
    );
}

/// A notification does not fit the bounds.
pub(crate) fn dropped(excess: Excess) {
    note(
        Reason::Dropped,
        format_args!("ignored a notification of the client: {excess}"),
    );
}

/// The handler of a request or a notification panicked.
pub(crate) fn panicked() {
    note(
        Reason::Panicked,
        format_args!("the handler of a request or a notification panicked"),
    );
}

/// A handler ran on after its request was cancelled or its session was closed.
pub(crate) fn aborted() {
    note(
        Reason::Aborted,
        format_args!(
            "ended a handler that ran on after its request was cancelled or its session was closed"
        ),
    );
}

/// The factory failed.
pub(crate) fn no_service(error: &io::Error) {
    note(
        Reason::NoService,
        format_args!("could not make the service of a session: {error}"),
    );
}

/// A session did not start, or its task failed.
pub(crate) fn failed(error: &dyn fmt::Display) {
    note(Reason::Failed, format_args!("a session failed: {error}"));
}

#[derive(Clone, Copy)]
enum Reason {
    Unreadable,
    Unwritable,
    Early,
    Dropped,
    Panicked,
    Aborted,
    NoService,
    Failed,
}

#[cfg(feature = "tracing")]
impl Reason {
    fn limit(self) -> &'static limit::Limit {
        static LIMITS: [limit::Limit; Reason::Failed as usize + 1] =
            [const { limit::Limit::new() }; Reason::Failed as usize + 1];
        &LIMITS[self as usize]
    }
}

/// Writes an event. The target is fixed, so that a filter does not depend on the crate's modules.
#[cfg(feature = "tracing")]
fn note(reason: Reason, what: fmt::Arguments<'_>) {
    const TARGET: &str = "mcp_sse_server_rmcp";
    match reason.limit().admit(std::time::Instant::now()) {
        Some(left_out) => tracing::warn!(target: TARGET, left_out, "{what}"),
        None => tracing::debug!(target: TARGET, "{what}"),
    }
}

#[cfg(not(feature = "tracing"))]
fn note(_: Reason, _: fmt::Arguments<'_>) {}
