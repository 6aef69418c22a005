//! The targets for the cost of this crate, relative to other servers in the same run.

use std::fmt::Write;

use crate::{
    peer::{
        FLOOR, HAND_ROLL, PEERS, PYTHON, RMCP, THIS, THIS_AXUM, THIS_RAW_VALUE, THIS_SERDE,
        TYPESCRIPT,
    },
    results::Results,
    tables,
    work::{CONNECT, IDLE, LARGE, PIPELINED, ROUND_TRIP, WORKS},
};

struct Target {
    work: &'static str,
    /// The server of this crate.
    of: &'static str,
    against: &'static str,
    /// The largest allowed ratio to the other server's cost.
    most: f64,
}

const fn target(work: &'static str, against: &'static str, most: f64) -> Target {
    of_handler(work, THIS, against, most)
}

const fn of_handler(
    work: &'static str,
    of: &'static str,
    against: &'static str,
    most: f64,
) -> Target {
    Target {
        work,
        of,
        against,
        most,
    }
}

const TARGETS: &[Target] = &[
    target(ROUND_TRIP, FLOOR, 1.10),
    target(ROUND_TRIP, RMCP, 0.75),
    target(ROUND_TRIP, HAND_ROLL, 0.85),
    target(ROUND_TRIP, TYPESCRIPT, 0.25),
    target(ROUND_TRIP, PYTHON, 0.05),
    target(PIPELINED, FLOOR, 1.15),
    target(PIPELINED, HAND_ROLL, 0.80),
    target(LARGE, FLOOR, 1.25),
    target(LARGE, RMCP, 0.35),
    target(LARGE, HAND_ROLL, 0.35),
    of_handler(ROUND_TRIP, THIS_RAW_VALUE, FLOOR, 1.10),
    of_handler(PIPELINED, THIS_RAW_VALUE, FLOOR, 1.15),
    of_handler(LARGE, THIS_RAW_VALUE, FLOOR, 1.25),
    of_handler(LARGE, THIS_SERDE, HAND_ROLL, 0.70),
    target(CONNECT, FLOOR, 1.15),
    target(CONNECT, RMCP, 0.95),
    target(IDLE, FLOOR, 1.10),
    target(IDLE, RMCP, 0.50),
    target(IDLE, HAND_ROLL, 0.65),
];

/// CPU time varies by this share, so a ratio within this distance of the target is marked as close.
const CLOSE: f64 = 0.15;

/// The targets with their results, as far as they were measured.
pub(crate) fn table(results: &Results) -> String {
    let mut table = String::from(
        "| work | server | compared with | target ratio | CPU time, or bytes | | in axum | instructions in user space |\n\
         |---|---|---|--:|--:|---|--:|--:|\n",
    );
    for target in TARGETS {
        let Some(work) = WORKS.iter().find(|work| work.name == target.work) else {
            continue;
        };
        let title = |name: &'static str| {
            let peer = PEERS.iter().find(|peer| peer.name == name);
            peer.map_or(name, |peer| peer.title)
        };
        let of = |peer| tables::figure_of(results, work, peer);
        let cost = part(of(target.of), of(target.against));
        let in_axum = match target.of {
            THIS => part(of(THIS_AXUM), of(target.against)),
            _ => None,
        };
        let of = |peer| results.instructions(work.name, peer);
        let count = part(of(target.of), of(target.against));
        if cost.is_none() && count.is_none() {
            continue;
        }
        let _ = writeln!(
            table,
            "| {} | {} | {} | {:.2} | {} | {} | {} | {} |",
            work.title,
            title(target.of),
            title(target.against),
            target.most,
            number(cost),
            cost.map_or("", |part| verdict(part, target.most, work.is_idle())),
            number(in_axum),
            number(count),
        );
    }
    table
}

fn verdict(part: f64, most: f64, is_exact: bool) -> &'static str {
    let is_close = !is_exact && (part / most - 1.0).abs() <= CLOSE;
    match (part <= most, is_close) {
        (true, false) => "met",
        (true, true) => "met, closely",
        (false, true) => "missed, closely",
        (false, false) => "missed",
    }
}

fn number(part: Option<f64>) -> String {
    part.map_or_else(String::new, |part| format!("{part:.2}"))
}

fn part(this: Option<f64>, other: Option<f64>) -> Option<f64> {
    let (this, other) = (this?, other?);
    (other > 0.0).then(|| this / other)
}
