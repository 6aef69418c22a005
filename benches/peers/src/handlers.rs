//! An rmcp handler over this crate beside the same handler over rmcp's own server: what does my server cost?

use std::fmt::Write;

use crate::{
    peer::{HANDLER, HANDLER_AXUM, RMCP_HANDLER},
    results::Results,
    tables,
    work::{HANDLER_CALL, HANDLER_IDLE, HANDLER_LARGE, HANDLER_PING, WORKS},
};

/// The largest allowed ratios to the cost with rmcp's own server.
struct Target {
    work: &'static str,
    /// CPU time, or bytes of an idle stream.
    cost: Option<f64>,
    /// The same in axum.
    in_axum: Option<f64>,
    instructions: Option<f64>,
}

const fn target(
    work: &'static str,
    cost: Option<f64>,
    in_axum: Option<f64>,
    instructions: Option<f64>,
) -> Target {
    Target {
        work,
        cost,
        in_axum,
        instructions,
    }
}

const TARGETS: &[Target] = &[
    target(HANDLER_PING, None, None, Some(0.90)),
    target(HANDLER_CALL, Some(1.00), None, Some(0.70)),
    target(HANDLER_LARGE, Some(0.75), None, Some(0.65)),
    target(HANDLER_IDLE, Some(0.70), Some(0.90), None),
];

/// A row for each work: each server's cost, and its ratio to the cost with rmcp's own server.
pub(crate) fn table(results: &Results) -> String {
    let mut table = String::from(
        "| work | rmcp 0.9.1's own server | **this crate** on hyper | **this crate** in axum | instructions: rmcp 0.9.1 | **this crate** on hyper | **this crate** in axum |\n\
         |---|--:|--:|--:|--:|--:|--:|\n",
    );
    for target in TARGETS {
        let Some(work) = WORKS.iter().find(|work| work.name == target.work) else {
            continue;
        };
        let cost = |peer| tables::figure_of(results, work, peer);
        let count = |peer| results.instructions(work.name, peer);
        if cost(RMCP_HANDLER).is_none() && count(RMCP_HANDLER).is_none() {
            continue;
        }
        let cost_text = |value| match work.is_idle() {
            true => tables::kilobytes(value),
            false => tables::micros(value),
        };
        let count_text = |value: f64| format!("{value:.0}");
        let costs = [
            cell(cost(RMCP_HANDLER), None, None, cost_text),
            cell(cost(HANDLER), cost(RMCP_HANDLER), target.cost, cost_text),
            cell(
                cost(HANDLER_AXUM),
                cost(RMCP_HANDLER),
                target.in_axum,
                cost_text,
            ),
        ];
        let counts = [
            cell(count(RMCP_HANDLER), None, None, count_text),
            cell(
                count(HANDLER),
                count(RMCP_HANDLER),
                target.instructions,
                count_text,
            ),
            cell(count(HANDLER_AXUM), count(RMCP_HANDLER), None, count_text),
        ];
        let cells = [costs, counts].concat().join(" | ");
        let _ = writeln!(table, "| {} | {cells} |", work.title);
    }
    table
}

/// The ratios alone, for the page on the move from rmcp's own server.
pub(crate) fn ratios(results: &Results) -> String {
    let mut table = String::from(
        "| work | CPU time, or memory: on hyper | in axum | instructions: on hyper | in axum |\n\
         |---|--:|--:|--:|--:|\n",
    );
    for work in TARGETS
        .iter()
        .filter_map(|target| WORKS.iter().find(|work| work.name == target.work))
    {
        let cost = |peer| tables::figure_of(results, work, peer);
        let count = |peer| results.instructions(work.name, peer);
        let cells = [
            ratio(cost(HANDLER), cost(RMCP_HANDLER)),
            ratio(cost(HANDLER_AXUM), cost(RMCP_HANDLER)),
            ratio(count(HANDLER), count(RMCP_HANDLER)),
            ratio(count(HANDLER_AXUM), count(RMCP_HANDLER)),
        ];
        let _ = writeln!(table, "| {} | {} |", work.title, cells.join(" | "));
    }
    table
}

fn ratio(value: Option<f64>, other: Option<f64>) -> String {
    match (value, other) {
        (Some(value), Some(other)) => format!("{:.2}", value / other),
        _ => String::new(),
    }
}

fn cell(
    value: Option<f64>,
    other: Option<f64>,
    most: Option<f64>,
    text: impl Fn(f64) -> String,
) -> String {
    let Some(value) = value else {
        return String::new();
    };
    let mut cell = text(value);
    if let Some(other) = other {
        let _ = write!(cell, " · {:.2} ×", value / other);
        if let Some(most) = most {
            let verdict = if value <= most * other {
                "met"
            } else {
                "missed"
            };
            let _ = write!(cell, " (at most {most:.2}: {verdict})");
        }
    }
    cell
}
