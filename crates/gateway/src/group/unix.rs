//! A child and whatever it started: its process group.

use std::{io, process::ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::{
    process::{Child, Command},
    signal::unix::{self, SignalKind},
};

/// A child that leads a group. Dropping it kills the group, and leaves the child to tokio to be reaped.
///
/// The child is not reaped as long as its group may be signalled: until then its number, which is the
/// group's, cannot become another process's.
pub(crate) struct Group {
    child: Child,
    leader: Pid,
    ends: unix::Signal,
    reaped: bool,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Self> {
        let ends = unix::signal(SignalKind::child())?;
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        Ok(Self {
            leader: leader.ok_or_else(|| io::Error::other("a child without a number"))?,
            child,
            ends,
            reaped: false,
        })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits until the child has ended, and does not reap it.
    pub(crate) async fn ended(&mut self) {
        while !self.has_ended() {
            // It comes for every child of this process, each time that one ends.
            self.ends.recv().await;
        }
    }

    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // An error says that there is no such child.
        !matches!(waitid(WaitId::Pid(self.leader), look), Ok(None))
    }

    /// Asks all of the group to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Kills all of the group.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    /// Waits for the child, which was killed or has ended. Its group is then no longer known.
    pub(crate) async fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.reaped = true;
        status
    }

    /// An error says that the group has nobody left.
    fn signal(&self, signal: Signal) {
        if !self.reaped {
            let _ = kill_process_group(self.leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
