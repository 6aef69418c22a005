//! One child, from its start to its end.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use crate::group::Group;

/// How long a child has to end by itself once its stdin is closed, and again once it was asked to.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// A running child. Dropping it kills it, and what it started.
pub(crate) struct Process {
    group: Group,
    id: u32,
}

pub(crate) struct Pipes {
    pub(crate) stdin: ChildStdin,
    pub(crate) stdout: ChildStdout,
    pub(crate) stderr: ChildStderr,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<(Self, Pipes)> {
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::spawn(command)?;
        let child = group.child();
        let id = child.id().unwrap_or_default();
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(io::Error::other("a child without pipes"));
        };
        let pipes = Pipes {
            stdin,
            stdout,
            stderr,
        };
        Ok((Self { group, id }, pipes))
    }

    /// The number by which the system knows it.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) {
        self.group.ended().await;
    }

    /// Ends it, its stdin being closed: waits, asks, waits, kills. Then kills what it left behind. Reads
    /// none of its pipes: somebody else must, or it may never come to its end by itself.
    pub(crate) async fn end(mut self) -> io::Result<ExitStatus> {
        if timeout(GRACE, self.group.ended()).await.is_err() {
            self.group.terminate();
            let _ = timeout(GRACE, self.group.ended()).await;
        }
        self.group.kill();
        self.group.reap().await
    }
}
