use crate::message::read::scan;

/// Writes a string of JSON, as serde_json does, which looks at one byte after another.
pub(crate) fn encode(json: &mut Vec<u8>, text: &str) {
    let mut rest = text.as_bytes();
    json.reserve(rest.len() + 2);
    json.push(b'"');
    loop {
        let (plain, special) = rest.split_at(scan::plain(rest));
        json.extend_from_slice(plain);
        let Some((byte, behind)) = special.split_first() else {
            break;
        };
        rest = behind;
        let letter = match byte {
            b'"' | b'\\' => *byte,
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x08 => b'b',
            0x0c => b'f',
            _ => {
                json.extend_from_slice(b"\\u00");
                json.extend(
                    [byte >> 4, byte & 0xf].map(|digit| b"0123456789abcdef"[usize::from(digit)]),
                );
                continue;
            }
        };
        json.extend_from_slice(&[b'\\', letter]);
    }
    json.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn strings_are_encoded_as_serde_json_does(pieces in prop::collection::vec(
            prop_oneof![
                8 => prop::sample::select(vec!["a", "plain text of some length", "ü😀", "\u{2028}", "\u{7f}"]),
                2 => prop::sample::select(vec!["\"", "\\", "\n", "\r", "\t", "\u{8}", "\u{c}", "\0", "\u{1f}"]),
            ].prop_map(str::to_owned).boxed().prop_union(any::<String>().boxed()),
            0..20,
        )) {
            let text = pieces.concat();
            let mut json = Vec::new();
            encode(&mut json, &text);
            prop_assert_eq!(String::from_utf8(json).unwrap(), serde_json::to_string(&text).unwrap());
        }
    }
}
