//! What the gateway says, on its stderr.

use std::{
    fmt::{Display, Write as _},
    io::{self, Write as _},
};

use mcp_sse_server::session::SessionId;

/// Puts the beginning of a session's id before each line: enough to tell sessions apart, too little to
/// post into one.
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

/// A log that cannot be written is no reason to end.
pub(crate) fn line(text: impl Display) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}

/// What somebody else wrote, in a form that does a terminal no harm, cut after `most` bytes.
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
