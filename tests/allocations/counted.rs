use std::fmt;

use allocation_counter::measure;
use mcp_sse_testkit::polled;

/// The allocations of some code.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) allocations: u64,
    pub(crate) bytes: i64,
    /// The bytes that are held after it, minus those held before.
    pub(crate) held: i64,
}

pub(crate) const NOTHING: Counted = Counted {
    allocations: 0,
    bytes: 0,
    held: 0,
};

impl Counted {
    #[track_caller]
    pub(crate) fn is(self, pinned: Self) {
        assert!(
            self == pinned,
            "\n counted: {self}\n  pinned: {pinned}\n\
             If that is meant, pin it anew in this line. The head of tests/allocations/main.rs says how \
             to see where allocations come from."
        );
    }
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            allocations,
            bytes,
            held,
        } = self;
        write!(
            f,
            "{allocations} allocations of {bytes} bytes together, {held:+} bytes held"
        )
    }
}

/// Counts the allocations of `code` in this thread. Its output is kept until the count has ended.
pub(crate) fn count<T>(code: impl FnOnce() -> T) -> (Counted, T) {
    let mut output = None;
    let info = measure(|| output = Some(code()));
    let counted = Counted {
        allocations: info.count_total,
        bytes: info.bytes_total.try_into().unwrap(),
        held: info.bytes_current,
    };
    (counted, output.expect("the code has run"))
}

/// A runtime, which the timers of streams need.
pub(crate) fn in_runtime(test: impl FnOnce()) {
    let runtime = polled::runtime();
    let _entered = runtime.enter();
    test();
}
