//! Limits the lines of the log that a client can cause at will.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The most lines of one kind in [`TIME`], as in the transport.
const MOST: u32 = 10;
const TIME: Duration = Duration::from_secs(10);

/// One for the process, because a client can open sessions at will.
static KINDS: LazyLock<Mutex<Kinds>> = LazyLock::new(Mutex::default);

type Kinds = HashMap<&'static str, Window>;

struct Window {
    start: Instant,
    written: u32,
    left_out: u64,
}

/// Writes a line of a kind at its level, or at the level of debug if there were many. The next line at its level
/// has in `left_out` how many they were.
macro_rules! limited {
    ($level:ident, $kind:expr, $($line:tt)*) => {
        match $crate::limit::admit($kind) {
            Some(left_out) => tracing::$level!(left_out, $($line)*),
            None => tracing::debug!($($line)*),
        }
    };
}
pub(crate) use limited;

/// Whether a line is written at its own level: how many were left out before it.
pub(crate) fn admit(kind: &'static str) -> Option<Option<u64>> {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    admit_at(&mut kinds, kind, Instant::now())
}

fn admit_at(kinds: &mut Kinds, kind: &'static str, now: Instant) -> Option<Option<u64>> {
    let window = kinds.entry(kind).or_insert(Window {
        start: now,
        written: 0,
        left_out: 0,
    });
    if now.saturating_duration_since(window.start) >= TIME {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_is_cut_and_counted() {
        let (mut kinds, start) = (Kinds::new(), Instant::now());
        for _ in 0..MOST {
            assert_eq!(admit_at(&mut kinds, "a", start), Some(None));
        }
        for _ in 0..1_000 {
            assert_eq!(admit_at(&mut kinds, "a", start + TIME / 2), None);
        }
        assert_eq!(admit_at(&mut kinds, "b", start), Some(None));
        assert_eq!(admit_at(&mut kinds, "a", start + TIME), Some(Some(1_000)));
    }
}
