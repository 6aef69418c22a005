use std::cell::Cell;

use metrics::{Histogram, IntoF64};
use tokio::time::Instant;

/// A histogram of durations. The clock is not asked if no recorder would keep them.
pub(super) struct Timer {
    histogram: Histogram,
    is_kept: bool,
}

/// When something began, if anybody wants to know.
#[derive(Clone, Copy)]
pub(crate) struct Stamp(Option<Instant>);

impl Timer {
    pub(super) fn new(histogram: Histogram) -> Self {
        let is_kept = is_kept(&histogram);
        Self { histogram, is_kept }
    }

    pub(super) fn start(&self) -> Stamp {
        Stamp(self.is_kept.then(Instant::now))
    }

    pub(super) fn stop(&self, since: Stamp) {
        if let Stamp(Some(since)) = since {
            self.histogram.record(since.elapsed());
        }
    }
}

/// Whether a recorder stands behind a histogram, which it does not tell. It asks a value for its number
/// only then; to record that no times leaves no trace.
fn is_kept(histogram: &Histogram) -> bool {
    struct Asked<'a>(&'a Cell<bool>);

    impl IntoF64 for Asked<'_> {
        fn into_f64(self) -> f64 {
            self.0.set(true);
            0.0
        }
    }

    let asked = Cell::new(false);
    histogram.record_many(Asked(&asked), 0);
    asked.get()
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn the_clock_is_asked_only_for_a_recorder() {
        let timer = Timer::new(Histogram::noop());
        assert!(timer.start().0.is_none());
        let recorder = PrometheusBuilder::new().build_recorder();
        let histogram = metrics::with_local_recorder(&recorder, || metrics::histogram!("kept"));
        let rendered = || recorder.handle().render();
        let before = rendered();
        let timer = Timer::new(histogram);
        let stamp = timer.start();
        assert!(stamp.0.is_some());
        assert_eq!(rendered(), before, "the question leaves no trace");
        timer.stop(stamp);
        assert!(rendered().contains("kept_count 1"));
    }
}
