//! Copies between a session and the pipes of its child.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use mcp_sse_server::{
    Message,
    session::{SessionReceiver, SessionSender},
};
use tokio::{
    io::{AsyncRead, AsyncWriteExt},
    process::ChildStdin,
    sync::watch,
    time::sleep,
};

use crate::{
    lines::{Line, Lines},
    log::{Log, shown},
};

/// How long a silent pipe is still read after the child has ended: a process outside its group may keep the
/// pipe open.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);
/// How many bytes of a line that is not a message are logged.
const JUNK: usize = 200;
/// How many bytes of a line on stderr are logged.
const NOISE: u32 = 2000;

/// Writes each message of the client as a line to the child's stdin, until the session ends or the child closes
/// its stdin. It waits while the child does not read; the session's inbox fills meanwhile.
pub(crate) async fn input(mut receiver: SessionReceiver, mut stdin: ChildStdin, log: Log) {
    while let Some(incoming) = receiver.recv().await {
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
            return log.line(format_args!("cannot write to the child: {error}"));
        }
    }
}

/// Sends each message of the child to the client, until the child closes its stdout or has ended and the pipe
/// is silent. It waits while the client does not read; the pipe fills meanwhile. After the client has
/// disconnected, messages are dropped, so that the child can end.
pub(crate) async fn output(
    stdout: impl AsyncRead + Unpin,
    sender: SessionSender,
    max_line: u32,
    mut over: watch::Receiver<bool>,
    log: Log,
) {
    let mut lines = Lines::new(stdout, max_line);
    while let Some(Line { text, cut }) = next(&mut lines, &mut over).await {
        if cut > 0 {
            let len = text.len() as u64 + cut;
            let text = shown(&text, JUNK);
            log.line(format_args!(
                "skipped a line of {len} bytes on stdout, --max-line is {max_line}: {text}"
            ));
            continue;
        }
        if text.trim_ascii().is_empty() {
            continue;
        }
        let text = Bytes::from(text);
        match Message::parse(text.clone()) {
            Ok(message) => drop(sender.send(message).await),
            Err(error) => {
                let text = shown(&text, JUNK);
                log.line(format_args!(
                    "skipped a line on stdout that is not a message: {error}: {text}"
                ));
            }
        }
    }
}

/// Logs the child's stderr.
pub(crate) async fn noise(
    stderr: impl AsyncRead + Unpin,
    mut over: watch::Receiver<bool>,
    log: Log,
) {
    let mut lines = Lines::new(stderr, NOISE);
    while let Some(Line { text, cut }) = next(&mut lines, &mut over).await {
        let text = shown(&text, text.len());
        match cut {
            0 => log.line(format_args!("stderr: {text}")),
            _ => log.line(format_args!("stderr: {text} .. ({cut} bytes more)")),
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
