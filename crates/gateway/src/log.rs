//! The log of the gateway, on its stderr.

use std::{
    fmt::{Display, Write as _},
    io::{self, Write as _},
};

use mcp_sse_server::session::SessionId;

/// Writes lines that begin with the first digits of a session's id. They are enough to tell sessions apart, and
/// not enough to post to a session.
#[derive(Clone)]
pub(crate) struct Log {
    session: String,
}

impl Log {
    pub(crate) fn new(session: &SessionId) -> Self {
        let mut session = session.expose_secret().to_string();
        session.truncate(8);
        Self { session }
    }

    pub(crate) fn line(&self, text: impl Display) {
        line(format_args!("[{}..] {text}", self.session));
    }
}

/// Writes a line to the log. Errors are ignored, so that a gateway without a log continues.
pub(crate) fn line(text: impl Display) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// Returns text of a child with its control characters escaped, so that it cannot affect a terminal. The text is
/// cut after `most` bytes.
pub(crate) fn shown(text: &[u8], most: usize) -> String {
    let kept = &text[..text.len().min(most)];
    let mut shown = String::new();
    for char in String::from_utf8_lossy(kept).chars() {
        match char.is_control() && char != '\t' {
            true => shown.extend(char.escape_default()),
            false => shown.push(char),
        }
    }
    if kept.len() < text.len() {
        let _ = write!(shown, " .. ({} bytes)", text.len());
    }
    shown
}
