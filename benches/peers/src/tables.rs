//! The results as tables in Markdown.

use std::fmt::Write;

use crate::{
    peer::{FLOOR, PEERS, Peer, Question},
    results::Results,
    work::{CONNECT, IDLE, Kind, LARGE, PIPELINED, ROUND_TRIP, WORKS, Work},
};

/// All measurements, with a row for each server and each work.
pub(crate) fn times(results: &Results) -> String {
    let mut table = String::from(
        "| work | server | operations per second | p50 | p99 | CPU per operation | share in user space | relative to the floor | lost, wrong |\n\
         |---|---|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    let is_shown = |work: &&Work| !work.is_idle() && work.question == Question::Transport;
    for work in WORKS.iter().filter(is_shown) {
        for peer in PEERS {
            let Some(sample) = results.times(work.name, peer.name) else {
                continue;
            };
            let _ = writeln!(
                table,
                "| {} | {} | {:.0} | {} | {} | {} | {:.0} % | {} | {}, {} |",
                work.title,
                peer.title,
                sample.rate,
                micros(sample.p50),
                micros(sample.p99),
                micros(sample.cpu),
                sample.user * 100.0,
                ratio(figure(results, work, peer), figure_of(results, work, FLOOR)),
                sample.lost,
                sample.wrong,
            );
        }
    }
    table
}

/// The main figure of each work, with a row for each server: the cost of one operation, and its ratio to the
/// cost of the floor.
pub(crate) fn costs(results: &Results) -> String {
    let works = [ROUND_TRIP, PIPELINED, LARGE, CONNECT, "broadcast", IDLE];
    let works: Vec<_> = WORKS
        .iter()
        .filter(|work| works.contains(&work.name))
        .collect();
    let mut table = String::from("| server |");
    for work in &works {
        let _ = write!(table, " {} |", work.title);
    }
    table += "\n|---|";
    table += &"--:|".repeat(works.len());
    table += "\n";
    for peer in PEERS {
        let figures: Vec<_> = works
            .iter()
            .map(|work| (work, figure(results, work, peer)))
            .collect();
        if figures.iter().all(|(_, figure)| figure.is_none()) {
            continue;
        }
        let _ = write!(table, "| {} |", peer.title);
        for (work, figure) in figures {
            let Some(value) = figure else {
                table += " |";
                continue;
            };
            let text = if work.is_idle() {
                kilobytes(value)
            } else {
                micros(value)
            };
            let _ = match ratio(figure, figure_of(results, work, FLOOR)).as_str() {
                _ if peer.name == FLOOR => write!(table, " {text} |"),
                "" => write!(table, " {text} |"),
                ratio => write!(table, " {text} · {ratio} |"),
            };
        }
        table += "\n";
    }
    table
}

/// The instructions, for the servers that run under callgrind.
pub(crate) fn instructions(results: &Results) -> String {
    let mut table = String::from("| work |");
    let is_shown = |peer: &&Peer| peer.is_rust() && peer.question == Question::Transport;
    let peers: Vec<_> = PEERS.iter().filter(is_shown).collect();
    for peer in &peers {
        let _ = write!(table, " {} |", peer.title);
    }
    table += "\n|---|";
    table += &"--:|".repeat(peers.len());
    table += "\n";
    let is_shown = |work: &&Work| work.counted > 0 && work.question == Question::Transport;
    for work in WORKS.iter().filter(is_shown) {
        let floor = results.instructions(work.name, FLOOR);
        let counts: Vec<_> = peers
            .iter()
            .map(|peer| results.instructions(work.name, peer.name))
            .collect();
        if counts.iter().all(Option::is_none) {
            continue;
        }
        let _ = write!(table, "| {} |", work.title);
        for count in counts {
            let _ = match count {
                Some(count) => write!(table, " {count:.0} · {} |", ratio(Some(count), floor)),
                None => write!(table, " |"),
            };
        }
        table += "\n";
    }
    table
}

/// The cost of one operation: CPU time in microseconds, or resident bytes of an idle stream.
pub(crate) fn figure(results: &Results, work: &Work, peer: &Peer) -> Option<f64> {
    figure_of(results, work, peer.name)
}

pub(crate) fn figure_of(results: &Results, work: &Work, peer: &str) -> Option<f64> {
    let sample = results.times(work.name, peer)?;
    Some(match work.kind {
        Kind::Idle { .. } => sample.resident,
        _ => sample.cpu,
    })
}

fn ratio(value: Option<f64>, floor: Option<f64>) -> String {
    match (value, floor) {
        (Some(value), Some(floor)) if floor > 0.0 => format!("{:.2} ×", value / floor),
        _ => String::new(),
    }
}

pub(crate) fn micros(value: f64) -> String {
    match value {
        ..100.0 => format!("{value:.1} µs"),
        100.0..10_000.0 => format!("{value:.0} µs"),
        _ => format!("{:.1} ms", value / 1e3),
    }
}

pub(crate) fn kilobytes(value: f64) -> String {
    format!("{:.1} kB", value / 1e3)
}
