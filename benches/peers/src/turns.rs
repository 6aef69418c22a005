//! The servers take turns at each work, so that what else the machine does meets them all alike. The
//! server has one core and the generator another.

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
    work::Work,
};

/// Measures all that is asked for.
pub(crate) fn measure(options: &Options, places: &Places, date: &str) -> io::Result<Vec<Cell>> {
    if options.callgrind {
        return count(options, places, date);
    }
    let server_core = part_cores()?;
    raise_open_files()?;
    let mut cells = Vec::new();
    for work in &options.works {
        let peers = options.peers.iter().filter(|peer| work.is_for(peer));
        let peers: Vec<_> = peers.collect();
        let mut samples = vec![Vec::new(); peers.len()];
        for repeat in 1..=options.repeats {
            for (peer, samples) in peers.iter().zip(&mut samples) {
                let sample = turn(options, places, work, peer, server_core)?;
                eprintln!(
                    "{} {repeat}/{} {}: {sample}",
                    work.name, options.repeats, peer.name
                );
                samples.push(sample);
            }
        }
        for (peer, samples) in peers.iter().zip(samples) {
            let median = Sample::median(&samples);
            let turns = samples.len();
            cells.push(Cell::new(work, peer, date, Found::Times { turns, median }));
        }
    }
    Ok(cells)
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
    let mut bench = Bench::new(&server, work.kind)?;
    let sample = bench.measure(options.time)?;
    drop(bench);
    server.stop()?;
    Ok(sample)
}

fn count(options: &Options, places: &Places, date: &str) -> io::Result<Vec<Cell>> {
    let mut cells = Vec::new();
    for work in &options.works {
        for peer in options.peers.iter().filter(|peer| work.is_for(peer)) {
            let out = format!("callgrind.{}.{}", work.name, peer.name);
            let out = places.target().join(out);
            let instructions = callgrind::instructions(&places.command(peer), work, &out)?;
            eprintln!(
                "{} {}: {instructions:.0} instructions",
                work.name, peer.name
            );
            let found = Found::Instructions(instructions);
            cells.push(Cell::new(work, peer, date, found));
        }
    }
    Ok(cells)
}

/// Ten thousand streams are as many open files, here and in the server, which inherits the limit.
fn raise_open_files() -> io::Result<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(())
}

/// Keeps this thread to the last core that it may use, and returns the first.
fn part_cores() -> io::Result<usize> {
    let this = Pid::from_raw(0);
    let allowed = sched_getaffinity(this)?;
    let cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core) == Ok(true));
    let cores: Vec<_> = cores.collect();
    let [first, .., last] = cores[..] else {
        return Err(io::Error::other(
            "one core for server and generator is too few",
        ));
    };
    let mut own = CpuSet::new();
    own.set(last)?;
    sched_setaffinity(this, &own)?;
    Ok(first)
}
