use std::{collections::HashMap, sync::Mutex};

use tokio::time::{Duration, Instant};

/// The most events of one reason in [`TIME`].
const MOST: u32 = 10;
const TIME: Duration = Duration::from_secs(10);

/// Limits the events that a client can cause at will, for each reason.
#[derive(Default)]
pub(super) struct Rate {
    reasons: Mutex<HashMap<&'static str, Window>>,
}

struct Window {
    start: Instant,
    written: u32,
    left_out: u64,
}

impl Rate {
    /// Whether an event is written at its own level: how many were left out before it. If not, it is written at
    /// the level of debug.
    pub(super) fn admit(&self, reason: &'static str) -> Option<Option<u64>> {
        let now = Instant::now();
        let mut reasons = self
            .reasons
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        let window = reasons.entry(reason).or_insert(Window {
            start: now,
            written: 0,
            left_out: 0,
        });
        if now - window.start >= TIME {
            (window.start, window.written) = (now, 0);
        }
        if window.written == MOST {
            window.left_out += 1;
            return None;
        }
        window.written += 1;
        let left_out = std::mem::take(&mut window.left_out);
        Some((left_out > 0).then_some(left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_one_reason_is_cut_and_counted() {
        let rate = Rate::default();
        for _ in 0..MOST {
            assert_eq!(rate.admit("a"), Some(None));
        }
        for _ in 0..1_000 {
            assert_eq!(rate.admit("a"), None);
        }
        assert_eq!(rate.admit("b"), Some(None), "each reason has its own rate");
        tokio::time::advance(TIME).await;
        assert_eq!(rate.admit("a"), Some(Some(1_000)));
        assert_eq!(rate.admit("a"), Some(None));
    }
}
