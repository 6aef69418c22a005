//! What the system knows of processes.

use std::{fs, process::Command};

/// State and parent of a process, if there is one.
fn stat(pid: u32) -> Option<(char, u32)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name stands in parentheses and may hold anything.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.chars().next()?;
    Some((state, fields.next()?.parse().ok()?))
}

/// Whether it runs. One that only waits to be reaped does not.
pub(crate) fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| !matches!(state, 'Z' | 'X'))
}

/// All whose parent it is, those too that wait to be reaped.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").unwrap();
    let pids = all.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let of = |pid: &u32| stat(*pid).is_some_and(|(_, of)| of == parent);
    pids.filter(of).collect()
}

pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &pid.to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// A line of one of a process's files, as a number.
fn number(pid: u32, file: &str, line: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap();
    let rest = text.lines().find_map(|found| found.strip_prefix(line));
    let number = rest.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

/// The most memory that it ever had, in KiB.
pub(crate) fn peak(pid: u32) -> u64 {
    number(pid, "status", "VmHWM:")
}

/// How many bytes it has written so far, to whatever it writes to.
pub(crate) fn written(pid: u32) -> u64 {
    number(pid, "io", "wchar:")
}
