//! User-space instructions for one operation, which no other load on the machine changes. A server runs
//! twice, with so many operations and with twice as many: the difference holds neither its start nor
//! the sessions' beginning.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{bench::Bench, load::Goal, server::Server, work::Work};

/// Instructions for one operation of a server that this command starts. The profile of the longer run is
/// left in `out`, for `callgrind_annotate`.
pub(crate) fn instructions(command: &[PathBuf], work: &Work, out: &Path) -> io::Result<f64> {
    let count = work.counted;
    let once = total(command, work, count, out)?;
    let twice = total(command, work, 2 * count, out)?;
    Ok((twice - once) as f64 / count as f64)
}

fn total(command: &[PathBuf], work: &Work, count: u64, out: &Path) -> io::Result<i64> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .args(command);
    let server = Server::start(&mut valgrind)?;
    let mut bench = Bench::new(&server, work.kind)?;
    // Buffers and maps grow to their size.
    bench.run(Goal::Count(work.counted / 4))?;
    let outcome = bench.run(Goal::Count(count))?;
    if outcome.lost + outcome.wrong > 0 || outcome.done != count {
        return Err(io::Error::other(format!("{}: {outcome:?}", work.name)));
    }
    drop(bench);
    server.cpu_at_rest()?;
    server.stop()?;
    let profile = fs::read_to_string(out)?;
    let totals = profile
        .lines()
        .find_map(|line| line.strip_prefix("totals: "));
    totals
        .and_then(|totals| totals.trim().parse().ok())
        .ok_or_else(|| io::Error::other(format!("no totals in {}", out.display())))
}
