//! Looking through the inside of JSON strings, many bytes at a time.

/// How far a string is looked at byte by byte, before it is taken in blocks: most end sooner.
pub(super) const NEAR: usize = 32;

/// The bytes of a block.
pub(super) const BLOCK: usize = 64;

/// The first quote, backslash or control character.
pub(super) fn special(text: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // The lowest bit that is set is right; those above it may not be.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word & HIGH;
    let mut rest = text;
    while let Some((word, behind)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
        let escapes = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = quotes | escapes | below(word, b' ');
        if found != 0 {
            let at = text.len() - rest.len();
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        rest = behind;
    }
    let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
    let at = rest.iter().position(is_special)?;
    Some(text.len() - rest.len() + at)
}

/// Where the first quote or backslash is, if it is far: then nothing finds it faster than `memchr2`, which
/// costs too much for one that is near.
pub(super) fn far(text: &[u8]) -> Option<usize> {
    memchr::memchr2(b'"', b'\\', text).filter(|at| *at >= 4 * BLOCK)
}

/// How many bytes from `at` on are whole blocks of a string in which nothing stands but characters and
/// the commonest escapes. There is no branch in it for a byte, so that the compiler makes vectors of it
/// and no escape is mispredicted.
pub(super) fn plain_blocks(text: &[u8], at: usize) -> usize {
    // Here a backslash would be the second of two, and escape nothing.
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
    // An escape that began in the last block ends behind it.
    if end > at && text[end - 1] == b'\\' {
        end += 1;
    }
    end - at
}

/// A block, with the byte before it and the byte after it.
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

        /// Of blocks that are passed by, no string ends in one and no escape is wrong.
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
