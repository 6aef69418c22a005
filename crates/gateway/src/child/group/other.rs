//! A child without a process group: the processes that it starts are not known.

use std::{io, process::ExitStatus};

use tokio::process::{Child, Command};

use super::guard::Guard;

/// A child. Dropping it kills it.
pub(crate) struct Group {
    child: Child,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command, _: &Guard) -> io::Result<Self> {
        let child = command.kill_on_drop(true).spawn()?;
        Ok(Self { child })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits until the child has ended.
    pub(crate) async fn ended(&mut self) {
        let _ = self.child.wait().await;
    }

    /// Does nothing: outside Unix there is no signal that asks a process to end.
    #[allow(clippy::unused_self, reason = "on Unix it signals the group")]
    pub(crate) fn terminate(&self) {}

    /// Kills the child. An error means that it has ended already.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.start_kill();
    }

    /// Waits for a child that was killed or has ended.
    pub(crate) async fn reap(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }
}
