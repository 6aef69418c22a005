//! Writes the results into pages, between their markers.

use std::{fmt::Write, fs, io, path::Path};

use crate::{handlers, results::Results, tables, targets};

const BEGIN: &str = "<!-- peers: begin -->\n";
const END: &str = "<!-- peers: end -->";

/// All tables, for the terminal and for the README of this folder.
pub(crate) fn whole(results: &Results) -> String {
    let mut text = String::new();
    for (title, table) in [
        ("Cost of one operation", tables::costs(results)),
        ("Times", tables::times(results)),
        ("Instructions", tables::instructions(results)),
        ("Targets", targets::table(results)),
        ("An rmcp handler", handlers::table(results)),
    ] {
        let is_empty = table.lines().count() <= 2;
        if !is_empty {
            let _ = writeln!(text, "## {title}\n\n{table}");
        }
    }
    text + &setting(results)
}

/// The table of the root README, under the chart.
pub(crate) fn short(results: &Results) -> String {
    format!("{}\n{}", tables::costs(results), setting(results))
}

fn setting(results: &Results) -> String {
    let setting = results.setting.iter();
    let versions: Vec<_> = setting
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let turns = match results.turns() {
        Some(turns) => format!("Medians of {turns} turns. "),
        None => String::new(),
    };
    format!(
        "Measured {}. {turns}{}.\n",
        results.dates(),
        versions.join(", ")
    )
}

/// Replaces the text between the markers of a page.
pub(crate) fn put(page: &Path, text: &str) -> io::Result<()> {
    let old = fs::read_to_string(page)?;
    let missing = || io::Error::other(format!("{} has no {BEGIN:?} and {END:?}", page.display()));
    let (before, rest) = old.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    fs::write(page, format!("{before}{BEGIN}\n{text}\n{END}{after}"))
}
