//! Events for a `tracing` subscriber. Without the feature `tracing` each function does nothing. No event
//! quotes what a client sent.

use std::{fmt, io};

use mcp_sse_server::message::{InvalidMessage, Message};

use crate::running::Excess;

/// rmcp's types cannot hold a message of the client.
pub(crate) fn unreadable(message: &Message, error: &serde_json::Error) {
    note(format_args!(
        "rmcp cannot read a {:?} from the client: {:?} at line {} column {}",
        message.kind(),
        error.classify(),
        error.line(),
        error.column(),
    ));
}

/// A message of rmcp is not a message of MCP.
pub(crate) fn unwritable(error: &InvalidMessage) {
    note(format_args!(
        "the server's message is not a message of MCP: {error}"
    ));
}

/// A notification or a response came before the first request.
pub(crate) fn early() {
    note(format_args!(
        "ignored a message that the client sent before its first request"
    ));
}

/// A notification does not fit the bounds.
pub(crate) fn dropped(excess: Excess) {
    note(format_args!(
        "ignored a notification of the client: {excess}"
    ));
}

/// The handler of a request or a notification panicked.
pub(crate) fn panicked() {
    note(format_args!(
        "the handler of a request or a notification panicked"
    ));
}

/// A handler ran on after its request was cancelled or its session was closed.
pub(crate) fn aborted() {
    note(format_args!(
        "ended a handler that ran on after its request was cancelled or its session was closed"
    ));
}

/// The factory failed.
pub(crate) fn no_service(error: &io::Error) {
    note(format_args!(
        "could not make the service of a session: {error}"
    ));
}

/// A session did not start, or its task failed.
pub(crate) fn failed(error: &dyn fmt::Display) {
    note(format_args!("a session failed: {error}"));
}

#[cfg(feature = "tracing")]
fn note(what: fmt::Arguments<'_>) {
    // A fixed target, so that a filter does not depend on the crate's modules.
    tracing::warn!(target: "mcp_sse_server_rmcp", "{what}");
}

#[cfg(not(feature = "tracing"))]
fn note(_: fmt::Arguments<'_>) {}
