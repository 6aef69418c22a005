//! A process that kills the children of a gateway that was killed.
//!
//! The kernel can signal a process whose parent ends, but not the processes that it started, such as the server
//! behind `npx`. The guard knows the process groups of all children. Its stdin ends when the gateway does, however
//! that happens, and then it kills all groups that are left.

use std::{
    collections::HashSet,
    env,
    io::{self, BufRead, Write},
    os::unix::process::CommandExt,
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::limit::limited;

/// The argument of the guard's process.
pub(crate) const ARGUMENT: &str = "--guard-children";

/// The gateway's end of the pipe to its guard.
pub(crate) struct Guard {
    pipe: Arc<Mutex<ChildStdin>>,
}

/// A process group that the guard kills, until this is dropped.
pub(crate) struct Guarded {
    pipe: Arc<Mutex<ChildStdin>>,
    group: Pid,
}

impl Guard {
    /// Starts the guard.
    pub(crate) fn start() -> io::Result<Self> {
        let mut guard = Command::new(env::current_exe()?)
            .arg(ARGUMENT)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What a terminal sends to the gateway's group must not end the guard.
            .process_group(0)
            .spawn()?;
        let pipe = guard
            .stdin
            .take()
            .ok_or_else(|| io::Error::other("a guard without a pipe"))?;
        Ok(Self {
            pipe: Arc::new(Mutex::new(pipe)),
        })
    }

    pub(crate) fn guard(&self, group: Pid) -> Guarded {
        let pipe = Arc::clone(&self.pipe);
        tell(&pipe, '+', group);
        Guarded { pipe, group }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        tell(&self.pipe, '-', self.group);
    }
}

fn tell(pipe: &Mutex<ChildStdin>, sign: char, group: Pid) {
    let line = format!("{sign}{}\n", group.as_raw_nonzero());
    let mut pipe = pipe.lock().unwrap_or_else(PoisonError::into_inner);
    if let Err(error) = pipe.write_all(line.as_bytes()) {
        limited!(
            warn,
            "guard_gone",
            "children will outlive a gateway that is killed, their guard is gone: {error}"
        );
    }
}

/// Runs the guard until its stdin ends.
pub(crate) fn run() {
    let mut groups = HashSet::new();
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let Some((sign, Ok(group))) = line
            .split_at_checked(1)
            .map(|(sign, id)| (sign, id.parse()))
        else {
            continue;
        };
        match sign {
            "+" => groups.insert(group),
            _ => groups.remove(&group),
        };
    }
    for group in groups.into_iter().filter_map(Pid::from_raw) {
        // An error means that the group is empty.
        let _ = kill_process_group(group, Signal::KILL);
    }
}
