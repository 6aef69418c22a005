//! A child, where there are no process groups: what it started is not known.

use std::{io, process::ExitStatus};

use tokio::process::{Child, Command};

/// A child. Dropping it kills it.
pub(crate) struct Group {
    child: Child,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
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

    /// There is no gentle way: closing its stdin was it.
    #[allow(clippy::unused_self, reason = "elsewhere it has something to do")]
    pub(crate) fn terminate(&self) {}

    /// An error says that it has ended already.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.start_kill();
    }

    /// Waits for the child, which was killed or has ended.
    pub(crate) async fn reap(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }
}
