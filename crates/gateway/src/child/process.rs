//! A child process, from its start to its end.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    process::{ChildStderr, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::{group::Group, guard::Guard};

/// How long a child has to end after its stdin is closed, and again after SIGTERM.
pub(crate) const GRACE: Duration = Duration::from_secs(2);

/// A running child. Dropping it kills the child and its process group.
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
    pub(crate) fn spawn(command: &mut Command, guard: &Guard) -> io::Result<(Self, Pipes)> {
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut group = Group::spawn(command, guard)?;
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

    /// The process id.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// Waits until the child has ended.
    pub(crate) async fn ended(&mut self) {
        self.group.ended().await;
    }

    /// Ends the child, whose stdin must be closed: waits, sends SIGTERM, waits, sends SIGKILL. Then kills what is
    /// left of its group. The caller must keep reading the child's pipes, or the child may block on them and not
    /// end by itself.
    pub(crate) async fn end(mut self) -> io::Result<ExitStatus> {
        if timeout(GRACE, self.group.ended()).await.is_err() {
            self.group.terminate();
            let _ = timeout(GRACE, self.group.ended()).await;
        }
        self.group.kill();
        self.group.reap().await
    }
}
