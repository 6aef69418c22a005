//! A child and the processes that it starts: its process group.

use std::{io, process::ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use tokio::{
    process::{Child, Command},
    signal::unix::{self, SignalKind},
};

use super::guard::{Guard, Guarded};

/// A child that leads a process group. Dropping it kills the group, and tokio reaps the child.
///
/// The child is not reaped while its group may be signalled. Until it is reaped, its id, which is also the
/// group's id, cannot be reused.
pub(crate) struct Group {
    child: Child,
    leader: Pid,
    ends: unix::Signal,
    reaped: bool,
    // Until the group was killed.
    _guarded: Guarded,
}

impl Group {
    pub(crate) fn spawn(command: &mut Command, guard: &Guard) -> io::Result<Self> {
        let ends = unix::signal(SignalKind::child())?;
        let child = command.process_group(0).kill_on_drop(true).spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.try_into().ok()?));
        let leader = leader.ok_or_else(|| io::Error::other("a child without an id"))?;
        Ok(Self {
            _guarded: guard.guard(leader),
            leader,
            child,
            ends,
            reaped: false,
        })
    }

    pub(crate) fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// Waits until the child has ended, without reaping it.
    pub(crate) async fn ended(&mut self) {
        while !self.has_ended() {
            // SIGCHLD arrives for every child of this process.
            self.ends.recv().await;
        }
    }

    fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        // An error means that there is no such child.
        !matches!(waitid(WaitId::Pid(self.leader), look), Ok(None))
    }

    /// Sends SIGTERM to the group.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends SIGKILL to the group.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
    }

    /// Waits for a child that was killed or has ended. Afterwards its group is not signalled any more.
    pub(crate) async fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.reaped = true;
        status
    }

    /// An error means that the group is empty.
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
