use std::time::{Duration, Instant};

/// How long an answer is waited for before it counts as lost.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// When a load is over.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goal {
    /// Nothing new is begun after that time.
    Time(Duration),
    /// That many operations are begun.
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

/// What came of a load.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Operations that were done, right or wrong.
    pub(crate) done: u64,
    /// What was not answered.
    pub(crate) lost: u64,
    /// What was answered with another status, another id or another text.
    pub(crate) wrong: u64,
    pub(crate) time: Duration,
    latencies: Vec<Duration>,
}

impl Outcome {
    pub(crate) fn took(&mut self, latency: Duration) {
        self.latencies.push(latency);
    }

    /// The latency that this part of all did not exceed.
    pub(crate) fn percentile(&mut self, part: f64) -> Option<Duration> {
        self.latencies.sort_unstable();
        let last = self.latencies.len().checked_sub(1)?;
        Some(self.latencies[(last as f64 * part).round() as usize])
    }
}
