//! The characters of a text: their encoding, and what a writer of lines must know about them.

use memchr::memmem;

/// What a text is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chars {
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
    pub(super) fn of(text: &[u8]) -> Result<Self, usize> {
        let mut is_printable = true;
        for byte in text {
            // No early return, so that the compiler uses vector instructions.
            is_printable &= *byte as i8 >= b' ' as i8;
        }
        match is_printable {
            true => Ok(Self::Printable),
            false => Self::of_any(text),
        }
    }

    #[cold]
    fn of_any(text: &[u8]) -> Result<Self, usize> {
        if simdutf8::basic::from_utf8(text).is_err() {
            let error = std::str::from_utf8(text).err();
            return Err(error.map_or(text.len(), |error| error.valid_up_to()));
        }
        let has_control = |piece: &[u8]| piece.iter().fold(false, |has, byte| has | (*byte < b' '));
        let has_controls = text.chunks(256).any(has_control);
        if has_controls && memchr::memchr2(b'\r', b'\n', text).is_some() {
            return Ok(Self::Lines);
        }
        Ok(Self::OneLine { has_controls })
    }

    pub(super) fn has_controls(self) -> bool {
        !matches!(
            self,
            Self::Printable
                | Self::OneLine {
                    has_controls: false
                }
        )
    }

    pub(super) fn is_one_line(self) -> bool {
        self != Self::Lines
    }

    /// Whether there is no character at which some reader ends a line: CR, LF, U+0085, U+2028, U+2029.
    /// `text` is looked at only if it has characters beyond ASCII.
    pub(super) fn is_plain(self, text: &[u8]) -> bool {
        match self {
            Self::Printable => true,
            Self::OneLine { .. } => !has_separator(text),
            Self::Lines => false,
        }
    }
}

/// Whether U+0085, U+2028 or U+2029 is in a text.
fn has_separator(text: &[u8]) -> bool {
    memmem::find(text, "\u{85}".as_bytes()).is_some()
        || memmem::find_iter(text, b"\xe2\x80")
            .any(|at| matches!(text.get(at + 2), Some(b'\xa8' | b'\xa9')))
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
            prop_assert_eq!(chars.is_one_line(), !text.contains(['\r', '\n']));
            let separators = ['\r', '\n', '\u{85}', '\u{2028}', '\u{2029}'];
            prop_assert_eq!(chars.is_plain(text.as_bytes()), !text.contains(separators));
        }
    }
}
