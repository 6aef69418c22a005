//! Escapes in JSON strings.

use crate::message::error::Expected;

/// The length of `\u` and four digits.
const UNIT: usize = 6;

/// Reads an escape, or the two of a surrogate pair. Returns the character, which is `None` for a lone
/// surrogate, and the length of what was read.
///
/// The error is what JSON requires at the first wrong byte, and the offset of this byte.
pub(crate) fn read(text: &[u8]) -> Result<(Option<char>, usize), (Expected, usize)> {
    let character = match text.get(1) {
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            return unicode(text).ok_or_else(|| {
                let digits = text[2..].iter().take_while(|byte| byte.is_ascii_hexdigit());
                ("a hexadecimal digit", 2 + digits.count())
            });
        }
        _ => return Err(("an escape of JSON", 1)),
    };
    Ok((Some(character), 2))
}

/// Reads an escape that begins with `\u`, or the two of a surrogate pair. Returns the character, which
/// is `None` for a lone surrogate, and the length of what was read.
///
/// Returns `None` if four hexadecimal digits do not follow.
fn unicode(text: &[u8]) -> Option<(Option<char>, usize)> {
    let first = unit(text)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first), UNIT));
    }
    Some(match text.get(UNIT..).and_then(unit) {
        Some(second @ 0xDC00..=0xDFFF) => {
            let pair = 0x1_0000 + ((first - 0xD800) << 10 | (second - 0xDC00));
            (char::from_u32(pair), 2 * UNIT)
        }
        _ => (None, UNIT),
    })
}

/// The UTF-16 code unit of one escape.
fn unit(text: &[u8]) -> Option<u32> {
    let digits: &[u8; 4] = text.strip_prefix(b"\\u")?.first_chunk()?;
    digits.iter().try_fold(0, |unit, digit| {
        Some(unit << 4 | char::from(*digit).to_digit(16)?)
    })
}

/// Decodes the escapes of a valid JSON string, which is given without its quotes.
pub(crate) fn decode(inner: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let (before, escape) = rest.split_at(at);
        decoded.extend_from_slice(before);
        let (character, len) = read(escape).unwrap_or((None, 1));
        let character = character.unwrap_or(char::REPLACEMENT_CHARACTER);
        decoded.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        rest = escape.get(len..).unwrap_or_default();
    }
    decoded.extend_from_slice(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lone_surrogates_are_told_from_pairs() {
        for (text, read) in [
            (r"\u00e4x", Some((Some('ä'), 6))),
            (r"\uD83D\uDE00", Some((Some('😀'), 12))),
            (r"\udbff\udfff\u0041", Some((Some('\u{10ffff}'), 12))),
            (r"\ud800\udc00", Some((Some('\u{10000}'), 12))),
            (r"\ud83d", Some((None, 6))),
            (r"\ude00\ud83d", Some((None, 6))),
            (r"\ud83d\u0041", Some((None, 6))),
            (r"\ud83d\ud83d\ude00", Some((None, 6))),
            (r"\ud83d\\ude00", Some((None, 6))),
            (r"\ud83d\ude0", Some((None, 6))),
            (r"\ud83", None),
            (r"\u+123", None),
            (r"\u12g4", None),
        ] {
            assert_eq!(unicode(text.as_bytes()), read, "{text}");
        }
    }

    proptest! {
        #[test]
        fn strings_are_decoded_as_serde_json_does(pieces in prop::collection::vec(
            prop::sample::select(vec![
                "a", "ü😀", "\\n", "\\r", "\\t", "\\b", "\\f", "\\\"", "\\\\", "\\/", "\\u0000",
                "\\u00E4", "\\ud83d\\ude00", "\\uDBFF\\uDFFF", "\\uffff",
            ]),
            0..12,
        )) {
            let inner = pieces.concat();
            let expected: String = serde_json::from_str(&format!("\"{inner}\"")).unwrap();
            prop_assert_eq!(String::from_utf8(decode(inner.as_bytes())).unwrap(), expected);
        }

        #[test]
        fn no_text_makes_it_panic(text in r"[a-f\\u0-9dü]{0,20}") {
            decode(text.as_bytes());
        }
    }
}
