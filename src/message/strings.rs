//! Scanning long JSON strings many bytes at a time.

/// The length of a block in bytes.
pub(super) const BLOCK: usize = 64;

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
