use std::sync::OnceLock;

use super::budget::Budget;

/// A budget for small parts, and another for large ones, which may be held for long. So large parts do not keep
/// small ones waiting.
#[derive(Debug)]
pub(crate) struct Budgets {
    small: Budget,
    large_bytes: usize,
    /// Boxed and made when it is needed: most sessions have no large body.
    large: OnceLock<Box<Budget>>,
}

/// Which budget a part takes its bytes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Large,
}

/// The most bytes of a small part.
const SMALL: usize = 64 * 1024;

impl Size {
    #[inline]
    pub(crate) fn of(bytes: usize) -> Self {
        match bytes <= SMALL {
            true => Self::Small,
            false => Self::Large,
        }
    }
}

impl Budgets {
    /// Both have `total` bytes together, and each has room for one part of its largest size. No part has more
    /// than `most` bytes.
    pub(crate) fn new(total: usize, most: usize) -> Self {
        let small = match Size::of(most) {
            Size::Small => total.max(most),
            Size::Large => (total / 4).max(SMALL),
        };
        Self {
            small: Budget::new(small),
            // Also a large part that gets less than it asks for is large.
            large_bytes: total.saturating_sub(small).max(most).max(SMALL + 1),
            large: OnceLock::new(),
        }
    }

    #[inline]
    pub(crate) fn of(&self, size: Size) -> &Budget {
        match size {
            Size::Small => &self.small,
            Size::Large => self.large(),
        }
    }

    #[cold]
    fn large(&self) -> &Budget {
        let make = || Box::new(Budget::new(self.large_bytes));
        self.large.get_or_init(make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes that both give out.
    fn bytes(total: usize, most: usize) -> [usize; 2] {
        let budgets = Budgets::new(total, most);
        [Size::Small, Size::Large].map(|size| {
            let all = budgets.of(size).try_grow(0, usize::MAX).unwrap();
            assert_eq!(budgets.of(size).try_grow(0, 1), None);
            all
        })
    }

    #[test]
    fn large_parts_leave_a_quarter_to_small_ones() {
        const MIB: usize = 1024 * 1024;
        assert_eq!(bytes(64 * MIB, 4 * MIB), [16 * MIB, 48 * MIB]);
        // The part of one session.
        assert_eq!(bytes(4 * MIB, 4 * MIB), [MIB, 4 * MIB]);
        assert_eq!(bytes(0, MIB), [SMALL, MIB]);
        // No part is large.
        assert_eq!(bytes(64 * MIB, SMALL), [64 * MIB, SMALL + 1]);
        assert_eq!(bytes(10, 1_000)[0], 1_000);
        assert_eq!([SMALL, SMALL + 1].map(Size::of), [Size::Small, Size::Large]);
    }
}
