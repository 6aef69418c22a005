//! The results: the data for the tables and the chart.

use std::{collections::BTreeMap, fs, io, path::Path};

use serde::{Deserialize, Serialize};

use crate::{peer::Peer, sample::Sample, work::Work};

/// All results. A later run replaces earlier results for the same servers and work.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// The machine, the operating system, and the versions of the software.
    pub(crate) setting: BTreeMap<String, String>,
    pub(crate) cells: Vec<Cell>,
}

/// The result of one server for one work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) work: String,
    pub(crate) peer: String,
    /// The day of the measurement.
    pub(crate) date: String,
    pub(crate) found: Found,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Found {
    /// The medians of several turns.
    Times { turns: usize, median: Sample },
    /// User-space instructions for one operation.
    Instructions(f64),
}

impl Cell {
    pub(crate) fn new(work: &Work, peer: &Peer, date: &str, found: Found) -> Self {
        Self {
            work: work.name.to_owned(),
            peer: peer.name.to_owned(),
            date: date.to_owned(),
            found,
        }
    }

    fn is_of(&self, other: &Self) -> bool {
        let is_same_kind =
            matches!(self.found, Found::Times { .. }) == matches!(other.found, Found::Times { .. });
        is_same_kind && self.work == other.work && self.peer == other.peer
    }
}

impl Results {
    /// Reads the results from a file. Empty if there is no file.
    pub(crate) fn load(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn save(&self, path: &Path) -> io::Result<()> {
        fs::write(path, serde_json::to_string_pretty(self)?)
    }

    pub(crate) fn put(&mut self, cells: Vec<Cell>) {
        for cell in cells {
            self.cells.retain(|known| !known.is_of(&cell));
            self.cells.push(cell);
        }
    }

    pub(crate) fn times(&self, work: &str, peer: &str) -> Option<&Sample> {
        self.of(work, peer).find_map(|found| match found {
            Found::Times { median, .. } => Some(median),
            Found::Instructions(_) => None,
        })
    }

    pub(crate) fn instructions(&self, work: &str, peer: &str) -> Option<f64> {
        self.of(work, peer).find_map(|found| match found {
            Found::Times { .. } => None,
            Found::Instructions(count) => Some(*count),
        })
    }

    fn of(&self, work: &str, peer: &str) -> impl Iterator<Item = &Found> {
        self.cells
            .iter()
            .filter(move |cell| cell.work == work && cell.peer == peer)
            .map(|cell| &cell.found)
    }

    /// Whether an answer was lost or wrong.
    pub(crate) fn has_errors(&self) -> bool {
        self.cells.iter().any(|cell| match &cell.found {
            Found::Times { median, .. } => median.lost + median.wrong > 0,
            Found::Instructions(_) => false,
        })
    }

    /// The smallest number of turns of a server.
    pub(crate) fn turns(&self) -> Option<usize> {
        let turns = self.cells.iter().filter_map(|cell| match cell.found {
            Found::Times { turns, .. } => Some(turns),
            Found::Instructions(_) => None,
        });
        turns.min()
    }

    /// The days of all measurements.
    pub(crate) fn dates(&self) -> String {
        let mut dates: Vec<_> = self.cells.iter().map(|cell| cell.date.as_str()).collect();
        dates.sort_unstable();
        dates.dedup();
        dates.join(", ")
    }
}
