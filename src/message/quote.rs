//! Strings of JSON, written many bytes at a time.

use super::scan::special;

/// How many bytes are looked at together, without a branch for each, so that the compiler uses vector
/// instructions.
const BLOCK: usize = 16;

/// Appends a text in quotes, escaped as serde_json does it.
///
/// serde_json looks at each byte. That is most of the cost of a response with a large text.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    // With room for some escapes.
    out.reserve(rest.len() + rest.len() / 16 + 2);
    out.push(b'"');
    loop {
        let (plain, others) = rest.split_at(plain(rest));
        out.extend_from_slice(plain);
        let Some((byte, after)) = others.split_first() else {
            break;
        };
        if let Some(escape) = Escape::of(*byte) {
            escape.write(out);
        }
        rest = after;
    }
    out.push(b'"');
}

/// How many bytes come before the first one that is escaped.
fn plain(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(block) = bytes[at..].first_chunk::<BLOCK>() {
        let is_special = |byte: &u8| (*byte == b'"') | (*byte == b'\\') | (*byte < b' ');
        if block
            .iter()
            .fold(false, |found, byte| found | is_special(byte))
        {
            break;
        }
        at += BLOCK;
    }
    while let Some(word) = bytes[at..].first_chunk() {
        let len = special(word);
        at += len;
        if len < word.len() {
            return at;
        }
    }
    let rest = &bytes[at..];
    let found = rest.iter().position(|byte| Escape::of(*byte).is_some());
    at + found.unwrap_or(rest.len())
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
            for before in [0, 1, 7, 8, 31, 32, 33, 70] {
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
