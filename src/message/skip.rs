use super::cursor::{Cursor, Expected};

/// Reads a value. The levels that it has open are in `nesting` and not on the stack.
pub(super) fn skip(cursor: &mut Cursor<'_>, nesting: &mut Nesting) -> Result<(), Expected> {
    loop {
        match cursor.peek() {
            Some(b'{') => {
                if cursor.enter(b'}') {
                    nesting.open(true);
                    cursor.name()?;
                    continue;
                }
            }
            Some(b'[') => {
                if cursor.enter(b']') {
                    nesting.open(false);
                    continue;
                }
            }
            _ => cursor.scalar()?,
        }
        loop {
            if nesting.is_empty() {
                return Ok(());
            }
            let is_object = nesting.is_object();
            if cursor.more(is_object)? {
                if is_object {
                    cursor.name()?;
                }
                break;
            }
            nesting.close();
        }
    }
}

/// The arrays and objects that are open at a place, one bit for each: 1 for an object.
///
/// The innermost 63 levels are in a register, those outside of them on the heap. So a deep text costs
/// no stack, and memory of an eighth of its depth.
pub(super) struct Nesting {
    /// Levels below the highest bit that is set. The lowest bit is the innermost level.
    inner: u64,
    outer: Vec<u64>,
}

const NO_LEVEL: u64 = 1;

impl Nesting {
    pub(super) fn new() -> Self {
        Self {
            inner: NO_LEVEL,
            outer: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.inner == NO_LEVEL
    }

    /// Whether the innermost level is an object.
    pub(super) fn is_object(&self) -> bool {
        self.inner & 1 == 1
    }

    pub(super) fn open(&mut self, is_object: bool) {
        if self.inner.leading_zeros() == 0 {
            self.outer.push(self.inner);
            self.inner = NO_LEVEL;
        }
        self.inner = self.inner << 1 | u64::from(is_object);
    }

    pub(super) fn close(&mut self) {
        self.inner >>= 1;
        if self.inner == NO_LEVEL {
            self.inner = self.outer.pop().unwrap_or(NO_LEVEL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_close_in_the_opposite_order() {
        let is_object = |level: u32| level % 3 == 0 || level % 64 == 1;
        for depth in [1, 2, 62, 63, 64, 65, 126, 127, 1000] {
            let mut nesting = Nesting::new();
            for level in 0..depth {
                nesting.open(is_object(level));
            }
            for level in (0..depth).rev() {
                assert!(!nesting.is_empty());
                assert_eq!(nesting.is_object(), is_object(level), "{level} of {depth}");
                nesting.close();
            }
            assert!(nesting.is_empty());
        }
    }

    #[test]
    fn memory_is_an_eighth_of_the_depth() {
        let mut nesting = Nesting::new();
        for _ in 0..1_000_000 {
            nesting.open(false);
        }
        let bytes = size_of_val(&nesting.outer[..]);
        assert!(bytes <= 1_000_000 / 7, "{bytes}");
    }
}
