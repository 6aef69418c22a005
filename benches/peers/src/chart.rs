//! The chart: a panel for each work, and a bar for each server. The bar's length is the cost relative to the
//! floor.

use std::fmt::Write;

use crate::{
    peer::{FLOOR, PEERS, Peer},
    results::Results,
    tables,
    work::{CONNECT, IDLE, LARGE, PIPELINED, ROUND_TRIP, WORKS, Work},
};

const SHOWN: [&str; 6] = [ROUND_TRIP, PIPELINED, LARGE, CONNECT, "broadcast", IDLE];
const COLUMNS: usize = 2;
const PANEL_WIDTH: f64 = 430.0;
const LABEL_WIDTH: f64 = 150.0;
const VALUE_WIDTH: f64 = 78.0;
const ROW: f64 = 20.0;
const TITLE: f64 = 34.0;
const MARGIN: f64 = 14.0;
/// A bar of this many times the floor's length fills its panel. A longer bar is cut.
const CUT: f64 = 5.0;

// Medium colours for viewers that ignore media queries, and text colours for light and dark pages.
const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#57606a}\
.title{font-weight:600}\
.own{font-weight:600}\
.bar{fill:#8c959f}\
.bar.floor{fill:#bf8700}\
.bar.own{fill:#2f81f7}\
.mark{stroke:#8c959f;stroke-dasharray:2 3}\
@media (prefers-color-scheme:dark){text{fill:#c9d1d9}}\
@media (prefers-color-scheme:light){text{fill:#24292f}}";

pub(crate) fn chart(results: &Results) -> String {
    let panels: Vec<_> = WORKS
        .iter()
        .filter(|work| SHOWN.contains(&work.name))
        .map(|work| (work, bars(results, work)))
        .filter(|(_, bars)| !bars.is_empty())
        .collect();
    let rows = panels.iter().map(|(_, bars)| bars.len()).max();
    let panel_height = TITLE + ROW * rows.unwrap_or(0) as f64 + MARGIN;
    let lines = panels.len().div_ceil(COLUMNS);
    let width = PANEL_WIDTH * COLUMNS as f64;
    let height = panel_height * lines as f64 + 24.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>Cost of one operation for each server</title>\n<style>{STYLE}</style>\n"
    );
    for (number, (work, bars)) in panels.iter().enumerate() {
        let x = PANEL_WIDTH * (number % COLUMNS) as f64;
        let y = panel_height * (number / COLUMNS) as f64;
        panel(&mut svg, work, bars, x, y);
    }
    let _ = writeln!(
        svg,
        "<text x=\"8\" y=\"{}\">Shorter is better. The dashed line is bare hyper; bars beyond {CUT} times \
         that are cut. {}</text>\n</svg>",
        height - 8.0,
        results.dates(),
    );
    svg
}

struct Bar {
    peer: &'static Peer,
    /// Relative to the floor.
    times: f64,
    text: String,
}

fn bars(results: &Results, work: &Work) -> Vec<Bar> {
    let Some(floor) = tables::figure_of(results, work, FLOOR) else {
        return Vec::new();
    };
    PEERS
        .iter()
        .filter_map(|peer| {
            let value = tables::figure(results, work, peer)?;
            let text = match work.is_idle() {
                true => tables::kilobytes(value),
                false => tables::micros(value),
            };
            Some(Bar {
                peer,
                times: value / floor,
                text,
            })
        })
        .collect()
}

fn panel(svg: &mut String, work: &Work, bars: &[Bar], x: f64, y: f64) {
    let unit = (PANEL_WIDTH - LABEL_WIDTH - VALUE_WIDTH) / CUT;
    let left = x + LABEL_WIDTH;
    let what = if work.is_idle() { "memory" } else { "CPU time" };
    let _ = writeln!(
        svg,
        "<text class=\"title\" x=\"{}\" y=\"{}\">{}: {what}</text>",
        x + 8.0,
        y + 20.0,
        work.title
    );
    for (number, bar) in bars.iter().enumerate() {
        let top = y + TITLE + ROW * number as f64;
        let base = top + 13.0;
        let long = bar.times > CUT;
        let length = bar.times.min(CUT) * unit;
        let class = class(bar.peer);
        let _ = writeln!(
            svg,
            "<text class=\"{class}\" x=\"{}\" y=\"{base}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            bar.peer.title.replace('*', ""),
        );
        // A cut bar has a slanted end.
        let right = left + length;
        let bottom = top + 16.0;
        let slant = if long { right - 6.0 } else { right };
        let _ = writeln!(
            svg,
            "<path class=\"bar {class}\" d=\"M{left:.1} {0:.1}H{right:.1}L{slant:.1} {bottom:.1}H{left:.1}Z\"/>",
            top + 2.0,
        );
        let _ = writeln!(
            svg,
            "<text class=\"{class}\" x=\"{:.1}\" y=\"{base}\">{}</text>",
            right + 6.0,
            bar.text
        );
    }
    let mark = left + unit;
    let _ = writeln!(
        svg,
        "<line class=\"mark\" x1=\"{mark:.1}\" x2=\"{mark:.1}\" y1=\"{:.1}\" y2=\"{:.1}\"/>",
        y + TITLE - 2.0,
        y + TITLE + ROW * bars.len() as f64,
    );
}

fn class(peer: &Peer) -> &'static str {
    match peer.name {
        FLOOR => "floor",
        _ if peer.title.starts_with("**") => "own",
        _ => "other",
    }
}
