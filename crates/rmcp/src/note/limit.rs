use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The most events of one reason in [`TIME`], as in the core.
const MOST: u32 = 10;
const TIME: Duration = Duration::from_secs(10);

/// Limits the events of one reason. It is one for the process, because a client can open sessions at will.
pub(super) struct Limit {
    window: Mutex<Window>,
}

struct Window {
    start: Option<Instant>,
    written: u32,
    left_out: u64,
}

impl Limit {
    pub(super) const fn new() -> Self {
        Self {
            window: Mutex::new(Window {
                start: None,
                written: 0,
                left_out: 0,
            }),
        }
    }

    /// Whether an event is written at its own level: how many were left out before it. If not, it is written at
    /// the level of debug.
    pub(super) fn admit(&self, now: Instant) -> Option<Option<u64>> {
        let window = &mut *self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |start| now.saturating_duration_since(start) >= TIME;
        if window.start.is_none_or(is_over) {
            (window.start, window.written) = (Some(now), 0);
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

    #[test]
    fn a_flood_is_cut_and_counted() {
        let limit = Limit::new();
        let start = Instant::now();
        for _ in 0..MOST {
            assert_eq!(limit.admit(start), Some(None));
        }
        for _ in 0..1_000 {
            assert_eq!(limit.admit(start + TIME / 2), None);
        }
        assert_eq!(limit.admit(start + TIME), Some(Some(1_000)));
        assert_eq!(limit.admit(start + TIME), Some(None));
    }
}
