//! The servers take turns at each work, so that other load on the machine affects all of them alike. The
//! server has one core, the generator has another.

use std::{io, process::Command};

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::Pid,
};

use crate::{
    bench::Bench,
    callgrind,
    install::Places,
    options::Options,
    peer::Peer,
    results::{Cell, Found},
    sample::Sample,
    server::Server,
    setting,
    work::Work,
};

/// Runs all servers for one work after the other, and passes the results on.
pub(crate) fn measure(
    options: &Options,
    places: &Places,
    mut found: impl FnMut(Vec<Cell>) -> io::Result<()>,
) -> io::Result<()> {
    let date = setting::today()?;
    // Under callgrind, waiting does not change the counts.
    let server_core = if options.callgrind { 0 } else { part_cores()? };
    raise_open_files()?;
    for work in &options.works {
        let peers = options.peers.iter().filter(|peer| work.is_for(peer));
        let peers: Vec<_> = peers.copied().collect();
        let cells = if options.callgrind {
            count(places, work, &peers)?
        } else {
            take_turns(options, places, work, &peers, server_core)?
        };
        let cells = peers.iter().zip(cells);
        let cells = cells.map(|(peer, found)| Cell::new(work, peer, &date, found));
        found(cells.collect())?;
    }
    Ok(())
}

fn take_turns(
    options: &Options,
    places: &Places,
    work: &Work,
    peers: &[&Peer],
    core: usize,
) -> io::Result<Vec<Found>> {
    let mut samples = vec![Vec::new(); peers.len()];
    for repeat in 1..=options.repeats {
        for (peer, samples) in peers.iter().zip(&mut samples) {
            let sample = turn(options, places, work, peer, core)?;
            let (work, turns) = (work.name, options.repeats);
            eprintln!("{work} {repeat}/{turns} {}: {sample}", peer.name);
            samples.push(sample);
        }
    }
    let medians = samples.iter().map(|samples| Found::Times {
        turns: samples.len(),
        median: Sample::median(samples),
    });
    Ok(medians.collect())
}

fn turn(
    options: &Options,
    places: &Places,
    work: &Work,
    peer: &Peer,
    core: usize,
) -> io::Result<Sample> {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]);
    command.args(places.command(peer));
    let server = Server::start(&mut command)?;
    let mut bench = Bench::new(&server, work)?;
    let sample = bench.measure(options.time)?;
    drop(bench);
    server.stop()?;
    Ok(sample)
}

fn count(places: &Places, work: &Work, peers: &[&Peer]) -> io::Result<Vec<Found>> {
    let mut counts = Vec::new();
    for peer in peers {
        let out = format!("callgrind.{}.{}", work.name, peer.name);
        let out = places.target().join(out);
        let count = callgrind::instructions(&places.command(peer), work, &out)?;
        eprintln!("{} {}: {count:.0} instructions", work.name, peer.name);
        counts.push(Found::Instructions(count));
    }
    Ok(counts)
}

/// Raises the limit of open files: ten thousand streams need as many files, here and in the server, which
/// inherits the limit.
fn raise_open_files() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(())
}

/// Pins this thread to the last core that it may use. Returns the first core.
fn part_cores() -> io::Result<usize> {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    let cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core) == Ok(true));
    let cores: Vec<_> = cores.collect();
    let [first, .., last] = cores[..] else {
        return Err(io::Error::other("server and generator need two cores"));
    };
    let mut own = CpuSet::new();
    own.set(last)?;
    sched_setaffinity(this, &own)?;
    Ok(first)
}
