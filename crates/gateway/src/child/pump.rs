//! Copies between a session and the pipes of its child.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use mcp_sse_server::{
    Message,
    message::MessageKind,
    session::{SessionReceiver, SessionSender},
};
use tokio::{
    io::{AsyncRead, AsyncWriteExt},
    process::ChildStdin,
    sync::watch,
    time::sleep,
};

use crate::{
    answers::{self, Open},
    limit::limited,
    log::shown,
};

use super::lines::{Line, Lines};

/// How long a silent pipe is still read after the child has ended: a process outside its group may keep the
/// pipe open.
pub(super) const SILENCE: Duration = Duration::from_secs(1);
/// How many bytes of a line that is not a message are logged.
const JUNK: usize = 200;
/// How many bytes of a line on stderr are logged.
const NOISE: u32 = 2000;
/// Some programs on Windows write it at the start of their output, or of each line.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Writes each message of the client as a line to the child's stdin, until the session ends or the child closes
/// its stdin. It waits while the child does not read; the session's inbox fills meanwhile. Returns whether the
/// session ended.
pub(super) async fn input(
    receiver: &mut SessionReceiver,
    mut stdin: ChildStdin,
    open: &Open,
) -> bool {
    while let Some(incoming) = receiver.recv().await {
        open.asked(&incoming.message);
        let mut line = incoming.message.into_bytes().to_vec();
        // JSON has no raw line breaks in strings, and between tokens a space means the same.
        for byte in &mut line {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        line.push(b'\n');
        let written = async {
            stdin.write_all(&line).await?;
            stdin.flush().await
        };
        if let Err(error) = written.await {
            limited!(warn, "child_deaf", "cannot write to the child: {error}");
            return false;
        }
    }
    true
}

/// Sends the child's messages to its client.
pub(super) struct Output {
    pub(super) sender: SessionSender,
    pub(super) open: std::sync::Arc<Open>,
    pub(super) max_line: u32,
}

impl Output {
    /// Sends each message, until the child closes its stdout or has ended and the pipe is silent. It waits while
    /// the client does not read; the pipe fills meanwhile. After the client has disconnected, messages are
    /// dropped, so that the child can end.
    pub(super) async fn run(self, stdout: impl AsyncRead + Unpin, mut over: watch::Receiver<bool>) {
        let mut lines = Lines::new(stdout, self.max_line);
        while let Some(line) = next(&mut lines, &mut over).await {
            self.line(line).await;
        }
    }

    async fn line(&self, line: Line) {
        let Line { text, cut, end } = line;
        if cut > 0 {
            let (max_line, len) = (self.max_line, text.len() as u64 + cut);
            let what = format!("a line of {len} bytes, --max-line is {max_line} and allows more");
            return self.skip(&text, Some(&end), &what).await;
        }
        let mut text = Bytes::from(text);
        while text.starts_with(BYTE_ORDER_MARK) {
            text = text.slice(BYTE_ORDER_MARK.len()..);
        }
        if text.trim_ascii().is_empty() {
            return;
        }
        match Message::parse(text.clone()) {
            // go-sdk's client ends its session on such an error.
            Ok(message) if message.kind() == MessageKind::Error && message.id().is_none() => {
                let text = shown(&text, JUNK);
                limited!(
                    warn,
                    "child_skipped",
                    "skipped an error on stdout that answers no request: {text}"
                );
            }
            Ok(message) => {
                if let (MessageKind::Response | MessageKind::Error, Some(id)) =
                    (message.kind(), message.id())
                {
                    self.open.answered(id);
                }
                drop(self.sender.send(message).await);
            }
            Err(error) => {
                self.skip(
                    &text,
                    None,
                    &format!("a line that is not a message: {error}"),
                )
                .await
            }
        }
    }

    /// Logs a line. If it carries the id of an open request, the request is answered with an error: there will be
    /// no other answer.
    async fn skip(&self, text: &[u8], end: Option<&[u8]>, what: &str) {
        limited!(
            warn,
            "child_skipped",
            "skipped on stdout {what}: {}",
            shown(text, JUNK)
        );
        if let Some(id) = answers::id_of(text, end).filter(|id| self.open.take(id)) {
            let text = format!("the server answered with {what}");
            answers::error(&self.sender, &id, &text).await;
        }
    }
}

/// Logs the child's stderr.
pub(super) async fn noise(stderr: impl AsyncRead + Unpin, mut over: watch::Receiver<bool>) {
    let mut lines = Lines::new(stderr, NOISE);
    while let Some(Line { text, cut, .. }) = next(&mut lines, &mut over).await {
        let text = shown(&text, text.len());
        match cut {
            0 => tracing::info!("stderr: {text}"),
            _ => tracing::info!("stderr: {text} .. ({cut} bytes more)"),
        }
    }
}

async fn next<R: AsyncRead + Unpin>(
    lines: &mut Lines<R>,
    over: &mut watch::Receiver<bool>,
) -> Option<Line> {
    let silence = pin!(async {
        // An error means that the sender is gone, so the child is over, too.
        let _ = over.wait_for(|over| *over).await;
        sleep(SILENCE).await;
    });
    tokio::select! {
        biased;
        // An error is the end of the pipe.
        line = lines.next() => line.unwrap_or_default(),
        () = silence => None,
    }
}
