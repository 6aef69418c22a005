use std::time::{Duration, Instant};

/// After this time without an answer, a call counts as lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// When a load ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// No operation starts after this time.
    Time(Duration),
    /// After this number of operations.
    Count(u64),
}

impl Goal {
    pub(crate) fn is_reached(self, begun: u64, start: Instant) -> bool {
        match self {
            Self::Time(time) => start.elapsed() >= time,
            Self::Count(count) => begun >= count,
        }
    }
}

/// The result of a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Finished operations, correct or wrong.
    pub(crate) done: u64,
    /// Operations without an answer.
    pub(crate) lost: u64,
    /// Operations whose answer had a wrong status, id or text.
    pub(crate) wrong: u64,
    pub(crate) time: Duration,
    latencies: Vec<Duration>,
}

impl Outcome {
    pub(crate) fn took(&mut self, latency: Duration) {
        self.latencies.push(latency);
    }

    /// The latency that this share of the operations did not exceed.
    pub(crate) fn percentile(&mut self, part: f64) -> Option<Duration> {
        self.latencies.sort_unstable();
        let last = self.latencies.len().checked_sub(1)?;
        Some(self.latencies[(last as f64 * part).round() as usize])
    }
}
