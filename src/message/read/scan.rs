//! Scanning a text, many bytes at a time.

use memchr::memmem;

use crate::message::error::Expected;

use super::escape;

/// How many bytes of a string are scanned with [`special`] before blocks are tried. Most strings are
/// shorter.
const NEAR: usize = 32;

/// The length of a block in bytes.
const BLOCK: usize = 64;

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chars {
    /// ASCII without control characters.
    Printable,
    /// Any characters, but no CR and no LF.
    OneLine {
        /// Whether there are control characters: tabs.
        has_controls: bool,
    },
    /// CR or LF.
    Lines,
}

impl Chars {
    /// Looks at all of a text. If it is not UTF-8, the error is the offset of the first wrong byte.
    pub(crate) fn of(text: &[u8]) -> Result<Self, usize> {
        match is_printable(text) {
            true => Ok(Self::Printable),
            false => Self::of_any(text),
        }
    }

    /// Looks at all of a text that serde_json wrote, which is UTF-8.
    pub(crate) fn of_written(text: &[u8]) -> Self {
        match is_printable(text) {
            true => Self::Printable,
            false => Self::of_utf8(text),
        }
    }

    #[cold]
    fn of_any(text: &[u8]) -> Result<Self, usize> {
        if simdutf8::basic::from_utf8(text).is_err() {
            let error = std::str::from_utf8(text).err();
            return Err(error.map_or(text.len(), |error| error.valid_up_to()));
        }
        Ok(Self::of_utf8(text))
    }

    /// Looks at all of a text that is UTF-8 and not printable ASCII.
    fn of_utf8(text: &[u8]) -> Self {
        let has_control = |piece: &[u8]| piece.iter().fold(false, |has, byte| has | (*byte < b' '));
        let has_controls = text.chunks(256).any(has_control);
        if has_controls && memchr::memchr2(b'\r', b'\n', text).is_some() {
            return Self::Lines;
        }
        Self::OneLine { has_controls }
    }

    fn has_controls(self) -> bool {
        match self {
            Self::Printable => false,
            Self::OneLine { has_controls } => has_controls,
            Self::Lines => true,
        }
    }

    /// Whether there is no character at which some reader ends a line: CR, LF, U+0085, U+2028, U+2029.
    /// `text` is looked at only if it has characters beyond ASCII.
    pub(crate) fn is_plain(self, text: &[u8]) -> bool {
        match self {
            Self::Printable => true,
            Self::OneLine { .. } => !has_separator(text),
            Self::Lines => false,
        }
    }
}

/// Whether a text is ASCII without control characters.
#[inline]
fn is_printable(text: &[u8]) -> bool {
    let mut is_printable = true;
    for byte in text {
        // No early return, so that the compiler uses vector instructions.
        is_printable &= *byte as i8 >= b' ' as i8;
    }
    is_printable
}

/// Whether an escape of half a surrogate pair, or of both, may be in a text of JSON.
pub(crate) fn may_escape_surrogates(text: &[u8]) -> bool {
    memmem::find_iter(text, b"\\u").any(|at| matches!(text.get(at + 2), Some(b'd' | b'D')))
}

/// Whether U+0085, U+2028 or U+2029 is in a text.
fn has_separator(text: &[u8]) -> bool {
    memmem::find(text, "\u{85}".as_bytes()).is_some()
        || memmem::find_iter(text, b"\xe2\x80")
            .any(|at| matches!(text.get(at + 2), Some(b'\xa8' | b'\xa9')))
}

/// The index of the first quote, backslash or control character of a text, or its length.
pub(crate) fn plain(text: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_special = |byte: &u8| (*byte < b' ') | (*byte == b'"') | (*byte == b'\\');
    let mut at = 0;
    while let Some(block) = text.get(at..at + BLOCK) {
        // No early return, so that the compiler uses vector instructions.
        if block.iter().fold(false, |has, byte| has | is_special(byte)) {
            break;
        }
        at += BLOCK;
    }
    while let Some(word) = text[at..].first_chunk() {
        let len = special(word);
        at += len;
        if len < word.len() {
            return at;
        }
    }
    let last = text[at..].iter().position(is_special);
    last.map_or(text.len(), |last| at + last)
}

/// The index of the first quote, backslash or control character, or 8.
pub(crate) fn special(word: &[u8; 8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_le_bytes(*word);
    // With this bit changed, the quote is b' ', and the only characters below it are control characters.
    let quotes = (word ^ (ONES * 2)).wrapping_sub(ONES * b'!' as u64);
    let escapes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // The changed bits are not the highest ones. Borrows make only the lowest bit that is set reliable.
    let found = (quotes | escapes) & !word & (ONES << 7);
    found.trailing_zeros() as usize / 8
}

/// Reads on to the end of a string. `at` moves behind its last quote, or to the first wrong byte.
#[inline(never)]
pub(crate) fn rest_of_string(
    text: &[u8],
    at: &mut usize,
    chars: Chars,
    lone_surrogate: &mut Option<usize>,
) -> Result<(), Expected> {
    let mut look_until = *at + NEAR;
    let mut may_be_far = !chars.has_controls();
    loop {
        if *at >= look_until {
            let far = may_be_far.then(|| far(&text[*at..])).flatten();
            may_be_far = far.is_some();
            *at += far.unwrap_or_else(|| match chars.has_controls() {
                true => plain_blocks::<true>(text, *at),
                false => plain_blocks::<false>(text, *at),
            });
            look_until = *at + BLOCK;
        }
        if let Some(word) = text[*at..].first_chunk() {
            let len = special(word);
            *at += len;
            if len == word.len() {
                continue;
            }
        }
        match text.get(*at) {
            None => return Err("the end of a string"),
            Some(b'"') => {
                *at += 1;
                return Ok(());
            }
            Some(b'\\') => {
                let (character, len) = escape::read(&text[*at..]).map_err(|(expected, len)| {
                    *at += len;
                    expected
                })?;
                if character.is_none() {
                    lone_surrogate.get_or_insert(*at);
                }
                *at += len;
            }
            Some(..b' ') => return Err("an escape instead of a control character"),
            // Less than a word is left.
            Some(_) => *at += 1,
        }
    }
}

/// The index of the first quote or backslash, if it is far away. `memchr2` is the fastest way to find a
/// byte that is far, and costs too much for one that is near. Control characters are not noticed.
fn far(text: &[u8]) -> Option<usize> {
    memchr::memchr2(b'"', b'\\', text).filter(|at| *at >= 4 * BLOCK)
}

/// The length of the whole blocks from `at` on that contain only characters of a string and the three
/// most common escapes. With `CONTROLS`, the text may contain control characters.
///
/// There is no branch per byte, so the compiler uses vector instructions and escapes cause no branch
/// mispredictions.
fn plain_blocks<const CONTROLS: bool>(text: &[u8], at: usize) -> usize {
    // A backslash at `at` would not begin an escape if it were the second of two.
    if text[at - 1] == b'\\' {
        return 0;
    }
    let mut end = at;
    while let Some(window) = text.get(end - 1..end + BLOCK) {
        if !is_inside::<CONTROLS>(window) {
            break;
        }
        end += BLOCK;
    }
    // What follows a backslash at the end of the last block was not looked at.
    if end > at && text[end - 1] == b'\\' {
        end -= 1;
    }
    end - at
}

/// Checks a block. `window` also has the byte before it.
fn is_inside<const CONTROLS: bool>(window: &[u8]) -> bool {
    let pairs = window.iter().zip(&window[1..]);
    let stops = pairs.fold(false, |stops, (before, byte)| {
        let is_letter = (*byte == b'n') | (*byte == b't');
        // A backslash before a quote makes an escape; one alone makes the end or another escape.
        let is_alone = (*before == b'\\') ^ (*byte == b'"');
        stops | (is_alone & !is_letter) | (CONTROLS & (*byte < b' '))
    });
    !stops
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_byte_that_is_not_utf_8_is_named() {
        for (text, at) in [
            (&b"\xff"[..], 0),
            (b"{\"a\":\"\xc3\"}", 6),
            (b"ab\xed\xa0\x80", 2),
            ("ü".repeat(400).as_bytes().split_last().unwrap().1, 798),
        ] {
            assert_eq!(Chars::of(text), Err(at), "{}", text.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn characters_are_found_wherever_they_are(pieces in prop::collection::vec(
            prop_oneof![
                20 => prop::sample::select(vec!["x", "plain text, of more than a few bytes"]),
                5 => prop::sample::select(vec!["\t", "ü", "日本", "\u{7f}", "\u{2027}", "\u{202a}", "\u{84}"]),
                1 => prop::sample::select(vec!["\r", "\n", "\u{85}", "\u{2028}", "\u{2029}"]),
            ],
            0..40,
        )) {
            let text = pieces.concat();
            let chars = Chars::of(text.as_bytes()).unwrap();
            prop_assert_eq!(chars.has_controls(), text.contains(|char| char < ' '));
            let separators = ['\r', '\n', '\u{85}', '\u{2028}', '\u{2029}'];
            prop_assert_eq!(chars.is_plain(text.as_bytes()), !text.contains(separators));
        }
    }

    proptest! {
        #[test]
        fn the_first_special_byte_is_found(word in prop::array::uniform8(
            prop_oneof![8 => b' '..=b'~', 1 => any::<u8>()],
        )) {
            let is_special = |byte: &u8| b"\"\\".contains(byte) || *byte < b' ';
            let found = word.iter().position(is_special);
            prop_assert_eq!(special(&word), found.unwrap_or(8));
        }
    }

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
            let passed = plain_blocks::<true>(text.as_bytes(), 1);
            let inside = text.get(..1 + passed);
            if let Some(inside) = inside {
                let string = format!("{inside}\"");
                prop_assert!(serde_json::from_str::<String>(&string).is_ok(), "{}", string);
            }
            prop_assert!(passed == 0 || passed >= BLOCK - 1);
            if !text.contains('\u{1}') {
                prop_assert_eq!(plain_blocks::<false>(text.as_bytes(), 1), passed);
            }
        }
    }

    #[test]
    fn no_escape_is_cut() {
        for before in 0..=2 * BLOCK {
            // No block begins after the escape, so the last one may end inside it.
            let text = format!("\"{}\\\"", "x".repeat(before));
            let passed = plain_blocks::<false>(text.as_bytes(), 1);
            assert_ne!(text.as_bytes()[passed], b'\\', "{passed}");
        }
    }

    #[test]
    fn common_texts_are_passed_by() {
        for piece in ["x", "x\\n", "\\\"", "{\\\"a\\\":1},", "ü😀", "\\t- "] {
            let text = format!("\"{}", piece.repeat(400));
            let passed = plain_blocks::<true>(text.as_bytes(), 1);
            assert!(text.len() - passed <= 2 * BLOCK, "{piece}: {passed}");
        }
        let after_a_pair = br#""\\" is the end"#;
        assert_eq!(plain_blocks::<true>(after_a_pair, 3), 0);
    }
}
