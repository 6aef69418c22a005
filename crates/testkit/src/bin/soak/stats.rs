//! Counts, faults, and the memory of the process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use mcp_sse_server::response::RejectionKind;

#[derive(Default)]
pub(crate) struct Stats {
    pub(crate) opened: AtomicU64,
    pub(crate) closed: AtomicU64,
    /// Messages whose `POST` was answered with 202.
    pub(crate) sent: AtomicU64,
    /// Messages that clients read from their streams.
    pub(crate) received: AtomicU64,
    pub(crate) drains: AtomicU64,
    /// Incremented when a drain begins, and when the next server listens: odd while none does.
    pub(crate) epoch: AtomicU64,
    refusals: Mutex<BTreeMap<String, u64>>,
    faults: Mutex<Vec<String>>,
}

impl Stats {
    pub(crate) fn refused(&self, kind: RejectionKind) {
        let mut refusals = self.refusals.lock().unwrap();
        *refusals.entry(format!("{kind:?}")).or_default() += 1;
    }

    /// Reports something that must not happen.
    pub(crate) fn fault(&self, what: impl fmt::Display) {
        let mut faults = self.faults.lock().unwrap();
        if faults.len() < 20 {
            faults.push(what.to_string());
        }
    }

    pub(crate) fn faults(&self) -> Vec<String> {
        self.faults.lock().unwrap().clone()
    }

    pub(crate) fn sessions(&self) -> (u64, u64) {
        (self.opened.load(Relaxed), self.closed.load(Relaxed))
    }

    pub(crate) fn line(&self, elapsed: Duration) -> String {
        let [opened, closed, sent, received, drains] = [
            &self.opened,
            &self.closed,
            &self.sent,
            &self.received,
            &self.drains,
        ]
        .map(|count| count.load(Relaxed));
        format!(
            "{:>5} s  sessions opened {opened} closed {closed}  messages sent {sent} received {received}  \
             drains {drains}  rss {:.1} MiB  fds {}  refused {:?}",
            elapsed.as_secs(),
            rss() as f64 / 1024.0 / 1024.0,
            fds(),
            self.refusals.lock().unwrap(),
        )
    }
}

/// The memory of this process, in bytes.
pub(crate) fn rss() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<u64> = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

fn fds() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// A fault, if the last third of the samples is clearly above the middle third.
pub(crate) fn growth(samples: &[u64]) -> Option<String> {
    let third = samples.len() / 3;
    if third < 3 {
        return None; // too short to tell
    }
    let median = |samples: &[u64]| {
        let mut samples = samples.to_vec();
        samples.sort_unstable();
        samples[samples.len() / 2]
    };
    let (middle, last) = (
        median(&samples[third..2 * third]),
        median(&samples[2 * third..]),
    );
    let most = middle + middle / 10 + 8 * 1024 * 1024;
    (last > most).then(|| format!("rss keeps growing: median {middle} B, then {last} B"))
}
