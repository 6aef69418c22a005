//! Counts user-space instructions for one operation. Other load on the machine does not change this count. A
//! server runs twice, the second time with twice as many operations. The difference excludes the start of the
//! server and the opening of sessions.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{bench::Bench, load::Goal, server::Server, work::Work};

/// Counts the instructions for one operation of the server that this command starts. The profile of the
/// longer run stays in `out`, for `callgrind_annotate`.
pub(crate) fn instructions(command: &[PathBuf], work: &Work, out: &Path) -> io::Result<f64> {
    let count = work.counted;
    let once = total(command, work, count, out)?;
    let twice = total(command, work, 2 * count, out)?;
    Ok((twice - once) as f64 / count as f64)
}

fn total(command: &[PathBuf], work: &Work, count: u64, out: &Path) -> io::Result<i64> {
    let mut valgrind = Command::new("valgrind");
    valgrind
        // callgrind counts `rep movsb` once for each byte. The processor does not.
        .env(
            "GLIBC_TUNABLES",
            "glibc.cpu.x86_rep_movsb_threshold=1000000000",
        )
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .args(command);
    let server = Server::start(&mut valgrind)?;
    let mut bench = Bench::new(&server, work)?;
    // Warm up: buffers and maps grow to their final size.
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
