//! What Linux tells about processes.

use std::{fs, process::Command, time::Duration};

/// The unit of CPU time of `/proc`.
const TICK: Duration = Duration::from_millis(10);

/// The fields of a process after its name, if there is such a process.
fn stat(pid: u32) -> Option<Vec<String>> {
    stat_of(&format!("/proc/{pid}"))
}

fn stat_of(folder: &str) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("{folder}/stat")).ok()?;
    // The name is in parentheses and may contain anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

/// Whether the process runs. A zombie does not.
pub fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|fields| !matches!(&*fields[0], "Z" | "X"))
}

/// Whether a signal has stopped all threads of the process.
pub fn is_stopped(pid: u32) -> bool {
    let mut threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    threads.all(|thread| {
        let folder = thread.unwrap().path();
        // A thread that has ended meanwhile does not run either.
        stat_of(folder.to_str().unwrap()).is_none_or(|fields| fields[0] == "T")
    })
}

/// Whether the process has a handler for SIGINT.
#[cfg(target_os = "linux")]
pub(super) fn handles_interrupt(pid: u32) -> bool {
    const SIGINT: u64 = 2;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let mut lines = status.lines();
    let caught = lines.find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << (SIGINT - 1)) != 0
}

/// The CPU time that the process has used.
pub fn cpu(pid: u32) -> Duration {
    let fields = stat(pid).expect("the process is there");
    let ticks = |field: &str| field.parse::<u32>().unwrap();
    TICK * (ticks(&fields[11]) + ticks(&fields[12]))
}

/// The children of a process, zombies included.
pub fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let parent = parent.to_string();
    let of = |pid: &u32| stat(*pid).is_some_and(|fields| fields[1] == parent);
    pids.filter(of).collect()
}

/// Sends a signal, such as `TERM`.
pub fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// The number on one line of a process's file.
fn number(pid: u32, file: &str, line: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let rest = text.lines().find_map(|found| found.strip_prefix(line));
    let number = rest.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// The memory of the process now, in KiB.
pub fn rss(pid: u32) -> u64 {
    number(pid, "status", "VmRSS:")
}

/// The peak of the process's memory, in KiB.
pub fn peak(pid: u32) -> u64 {
    number(pid, "status", "VmHWM:")
}

/// How many bytes the process has written, to anything.
pub fn written(pid: u32) -> u64 {
    number(pid, "io", "wchar:")
}
