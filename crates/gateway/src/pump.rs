//! What goes through a child's three pipes.

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

/// For how long a pipe is still read in which nothing comes, when the child itself has ended: somebody
/// may have it open who is no longer of its group.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);
/// How much is shown of a line that is no message, and of one on stderr.
const JUNK: usize = 200;
const NOISE: u32 = 2000;

/// Writes what the client posts, a line each, until no more will come. Leaves when the child closes its
/// stdin; waits while it does not read, and the session's inbox fills.
pub(crate) async fn input(mut receiver: SessionReceiver, mut stdin: ChildStdin, log: Log) {
    while let Some(incoming) = receiver.recv().await {
        let mut line = incoming.message.into_bytes().to_vec();
        // Inside its strings JSON has no line breaks, and elsewhere spaces are as good.
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
            return log.line(format_args!("the child takes no more messages: {error}"));
        }
    }
}

/// Sends what the child writes, until it closes its stdout, or is over and silent. Waits while the client
/// does not read, and the child's pipe fills. Once the client is gone, what comes is dropped, so that the
/// child is not held up at its end.
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
                    "skipped a line on stdout, no message: {error}: {text}"
                ));
            }
        }
    }
}

/// Logs what the child writes to its stderr.
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
        // An error says that nobody is left to tell it, which is over, too.
        let _ = over.wait_for(|over| *over).await;
        sleep(SILENCE).await;
    });
    tokio::select! {
        biased;
        // A pipe that breaks has nothing more to say.
        line = lines.next() => line.unwrap_or_default(),
        () = silence => None,
    }
}
