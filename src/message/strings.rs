//! Scanning JSON strings many bytes at a time.

/// How many bytes of a string are scanned with [`special`] before blocks are tried. Most strings are
/// shorter.
pub(super) const NEAR: usize = 32;

/// The length of a block in bytes.
pub(super) const BLOCK: usize = 64;

/// The index of the first quote, backslash or control character.
pub(super) fn special(text: &[u8]) -> Option<usize> {
    let mut rest = text;
    while let Some((word, behind)) = rest.split_first_chunk() {
        if let Some(at) = special_in_word(*word) {
            return Some(text.len() - rest.len() + at);
        }
        rest = behind;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    let at = rest.iter().position(is_special)?;
    Some(text.len() - rest.len() + at)
}

/// The same for eight bytes, without a branch for each.
#[inline]
pub(super) fn special_in_word(word: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Borrows make only the lowest bit that is set reliable.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let word = u64::from_le_bytes(word);
    let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
    let escapes = below(word ^ (ONES * u64::from(b'\\')), 1);
    let found = quotes | escapes | below(word, b' ');
    (found != 0).then_some(found.trailing_zeros() as usize / 8)
}

/// The index of the first quote or backslash, if it is far away. `memchr2` is the fastest way to find a
/// byte that is far, and costs too much for one that is near. Control characters are not noticed.
pub(super) fn far(text: &[u8]) -> Option<usize> {
    memchr::memchr2(b'"', b'\\', text).filter(|at| *at >= 4 * BLOCK)
}

/// The length of the whole blocks from `at` on that contain only characters of a string and the three
/// most common escapes.
///
/// There is no branch per byte, so the compiler uses vector instructions and escapes cause no branch
/// mispredictions.
pub(super) fn plain_blocks(text: &[u8], at: usize) -> usize {
    // A backslash at `at` would not begin an escape if it were the second of two.
    if text[at - 1] == b'\\' {
        return 0;
    }
    let mut end = at;
    while let Some(window) = text.get(end - 1..=end + BLOCK) {
        if !is_plain(window) {
            break;
        }
        end += BLOCK;
    }
    // An escape that begins at the end of the last block ends after it.
    if end > at && text[end - 1] == b'\\' {
        end += 1;
    }
    end - at
}

/// Checks a block. `window` also has the byte before it and the byte after it.
fn is_plain(window: &[u8]) -> bool {
    let neighbours = window.iter().zip(&window[1..]).zip(&window[2..]);
    let stops = neighbours.fold(false, |stops, ((before, byte), after)| {
        let is_common = (*after == b'n') | (*after == b'"') | (*after == b't');
        let is_other_escape = (*byte == b'\\') & !is_common;
        let is_end = (*byte == b'"') & (*before != b'\\');
        stops | is_other_escape | is_end | (*byte < b' ')
    });
    !stops
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_special_byte_is_found(text in prop::collection::vec(
            prop_oneof![8 => b' '..=b'~', 1 => any::<u8>()], 0..100,
        )) {
            let is_special = |byte: &u8| b"\"\\".contains(byte) || *byte < b' ';
            prop_assert_eq!(special(&text), text.iter().position(is_special));
        }

        /// No string ends in the blocks that are passed by, and their escapes are valid.
        #[test]
        fn what_is_passed_by_is_the_inside_of_a_string(pieces in prop::collection::vec(
            prop::sample::select(vec![
                "xxxxxxxxxxxxxxxxxxx", "xxxxxxxxxxxxxxxxxxxxxxxx", "\\n", "\\\"", "\\\\", "\\t", "\\u00e4", "ü", "\"", "\u{1}", "\\",
            ]),
            0..30,
        )) {
            let text = format!("\"{}", pieces.concat());
            let passed = plain_blocks(text.as_bytes(), 1);
            let inside = text.get(..1 + passed);
            if let Some(inside) = inside {
                let string = format!("{inside}\"");
                prop_assert!(serde_json::from_str::<String>(&string).is_ok(), "{}", string);
            }
            prop_assert!(passed == 0 || passed >= BLOCK);
        }
    }

    #[test]
    fn common_texts_are_passed_by() {
        for piece in ["x", "x\\n", "\\\"", "{\\\"a\\\":1},", "ü😀", "\\t- "] {
            let text = format!("\"{}", piece.repeat(400));
            let passed = plain_blocks(text.as_bytes(), 1);
            assert!(text.len() - passed <= 2 * BLOCK, "{piece}: {passed}");
        }
        let after_a_pair = br#""\\" is the end"#;
        assert_eq!(plain_blocks(after_a_pair, 3), 0);
    }
}
