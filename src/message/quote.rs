//! Strings of JSON, written many bytes at a time.

use super::scan::special;

/// Appends a text in quotes, escaped as serde_json does it.
///
/// serde_json looks at each byte. That is most of the cost of a response with a large text.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    // With room for some escapes.
    out.reserve(bytes.len() + bytes.len() / 16 + 2);
    out.push(b'"');
    let (mut written, mut at) = (0, 0);
    while at < bytes.len() {
        if let Some(word) = bytes[at..].first_chunk() {
            let len = special(word);
            at += len;
            if len == word.len() {
                continue;
            }
        }
        // Less than a word is left, or this byte is special.
        if let Some(escape) = Escape::of(bytes[at]) {
            out.extend_from_slice(&bytes[written..at]);
            escape.write(out);
            written = at + 1;
        }
        at += 1;
    }
    out.extend_from_slice(&bytes[written..]);
    out.push(b'"');
}

enum Escape {
    Short(u8),
    Control(u8),
}

impl Escape {
    fn of(byte: u8) -> Option<Self> {
        Some(match byte {
            b'"' | b'\\' => Self::Short(byte),
            b'\n' => Self::Short(b'n'),
            b'\t' => Self::Short(b't'),
            b'\r' => Self::Short(b'r'),
            0x08 => Self::Short(b'b'),
            0x0C => Self::Short(b'f'),
            ..b' ' => Self::Control(byte),
            _ => return None,
        })
    }

    fn write(self, out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        match self {
            Self::Short(letter) => out.extend_from_slice(&[b'\\', letter]),
            Self::Control(byte) => {
                let [high, low] = [byte >> 4, byte & 15].map(|digit| DIGITS[usize::from(digit)]);
                out.extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_written_as_serde_json_writes_it(pieces in prop::collection::vec(
            prop_oneof![
                4 => "[ -~]{0,20}",
                2 => "[\u{0}-\u{1f}\"\\\\\u{7f}]",
                1 => prop::sample::select(vec!["ü", "日本", "😀", "\u{2028}", "\u{85}"]).prop_map(str::to_owned),
            ],
            0..12,
        )) {
            let text = pieces.concat();
            let mut out = b"before".to_vec();
            quote(&text, &mut out);
            prop_assert_eq!(String::from_utf8(out).unwrap(), format!("before{}", serde_json::to_string(&text).unwrap()));
        }
    }

    #[test]
    fn each_byte_is_escaped_as_serde_json_does_it_at_each_place() {
        for byte in 0..0x80u8 {
            for before in 0..9 {
                let text = format!("{}{}x", "y".repeat(before), char::from(byte));
                let mut out = Vec::new();
                quote(&text, &mut out);
                assert_eq!(
                    String::from_utf8(out).unwrap(),
                    serde_json::to_string(&text).unwrap()
                );
            }
        }
    }
}
