//! Events for a `tracing` subscriber. Without the feature `tracing` they are nothing. None quotes what
//! a client sent.

use std::{fmt, io};

use mcp_sse_server::message::{InvalidMessage, Message};

/// rmcp's types refuse a message of the client.
pub(crate) fn unreadable(message: &Message, error: &serde_json::Error) {
    note(format_args!(
        "rmcp cannot read a {:?} of the client: {:?} at line {} column {}",
        message.kind(),
        error.classify(),
        error.line(),
        error.column(),
    ));
}

/// rmcp sends what is no message of MCP.
pub(crate) fn unwritable(error: &InvalidMessage) {
    note(format_args!("the server sent no message of MCP: {error}"));
}

/// A notification or an answer came before the session began.
pub(crate) fn early() {
    note(format_args!(
        "passed over what the client sent before its first request"
    ));
}

/// The function that makes services failed.
pub(crate) fn no_service(error: &io::Error) {
    note(format_args!("no service for a session: {error}"));
}

/// A session did not begin, or its task failed.
pub(crate) fn failed(error: &dyn fmt::Display) {
    note(format_args!("a session failed: {error}"));
}

#[cfg(feature = "tracing")]
fn note(what: fmt::Arguments<'_>) {
    tracing::warn!("{what}");
}

#[cfg(not(feature = "tracing"))]
fn note(_: fmt::Arguments<'_>) {}
