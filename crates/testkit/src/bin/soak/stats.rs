//! Counts, faults, and the memory of the process.

use std::{
    alloc::System,
    collections::BTreeMap,
    fmt,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use cap::Cap;
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
             drains {drains}  heap {:.1} MiB  rss {:.1} MiB  fds {}  refused {:?}",
            elapsed.as_secs(),
            mib(heap()),
            mib(rss()),
            fds(),
            self.refusals.lock().unwrap(),
        )
    }
}

#[global_allocator]
static HEAP: Cap<System> = Cap::new(System, usize::MAX);

/// The bytes that this process has allocated and not freed.
pub(crate) fn heap() -> usize {
    HEAP.allocated()
}

/// The resident memory of this process in bytes, with what the allocator keeps for itself.
fn rss() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<usize> = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * 4096
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

fn fds() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}
