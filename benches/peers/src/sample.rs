use std::fmt;

use serde::{Deserialize, Serialize};

/// The result of one server in one turn.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Operations per second.
    pub(crate) rate: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    /// Microseconds.
    pub(crate) p99: f64,
    /// CPU time of the server for one operation, in microseconds.
    pub(crate) cpu: f64,
    /// The share of the CPU time in user space, from 0 to 1.
    pub(crate) user: f64,
    /// Resident bytes for each stream.
    pub(crate) resident: f64,
    pub(crate) lost: u64,
    pub(crate) wrong: u64,
}

impl Sample {
    /// The median of each figure, and the sum of lost and wrong answers.
    pub(crate) fn median(samples: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<_> = samples.iter().map(figure).collect();
            figures.sort_unstable_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        Self {
            rate: of(|sample| sample.rate),
            p50: of(|sample| sample.p50),
            p99: of(|sample| sample.p99),
            cpu: of(|sample| sample.cpu),
            user: of(|sample| sample.user),
            resident: of(|sample| sample.resident),
            lost: samples.iter().map(|sample| sample.lost).sum(),
            wrong: samples.iter().map(|sample| sample.wrong).sum(),
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rate,
            p50,
            p99,
            cpu,
            user,
            resident,
            lost,
            wrong,
        } = self;
        let user = user * 100.0;
        write!(
            f,
            "{rate:.0}/s, p50 {p50:.0} µs, p99 {p99:.0} µs, {cpu:.2} µs of CPU ({user:.0} % user), \
             {resident:.0} bytes, {lost} lost, {wrong} wrong"
        )
    }
}
