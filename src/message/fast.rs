//! The envelope of a message that is written as nearly all are, in one pass over its bytes.
//!
//! It takes only what the rules allow. Whatever it does not know (an error, an escape in a name, a
//! surrogate, a nesting beyond 63 levels) it leaves to `envelope`, which has serde_json read the text
//! and says what is wrong. serde_json alone takes three to seven times the instructions: it looks at
//! eight bytes of a string at a time, and hands each name over as a Rust string.

use std::ops::Range;

use super::{
    checked::MessageKind,
    cursor::Cursor,
    envelope::{Envelope, IdText, Text},
};

/// What was read in one pass.
#[derive(Clone, Debug)]
pub(super) struct Fast {
    pub(super) envelope: Envelope,
    /// Whether there is no control character in the text, and so no line break.
    pub(super) is_one_line: bool,
}

/// The envelope's members, where there are any.
#[derive(Default)]
struct Members {
    jsonrpc: Option<Range<usize>>,
    id: Option<Range<usize>>,
    method: Option<Range<usize>>,
    params: Option<Range<usize>>,
    result: Option<Range<usize>>,
    /// Errors are few, and have members of their own to look at.
    error: Option<Range<usize>>,
}

/// Reads a message, or `None` if it must be read with more care.
pub(super) fn read(text: &[u8]) -> Option<Fast> {
    let is_plain = all(text, |byte| byte as i8 >= b' ' as i8);
    if !is_plain {
        simdutf8::basic::from_utf8(text).ok()?;
    }
    let is_one_line = is_plain || all(text, |byte| byte >= b' ');
    let members = members(Cursor::new(text, is_one_line))?;
    let envelope = envelope(text, members)?;
    Some(Fast {
        envelope,
        is_one_line,
    })
}

fn members(mut cursor: Cursor<'_>) -> Option<Members> {
    let mut members = Members::default();
    cursor.space();
    cursor.expect(b'{')?;
    cursor.space();
    loop {
        cursor.expect(b'"')?;
        let name = cursor.string()?;
        let member = match &cursor.text()[name] {
            b"jsonrpc" => Some(&mut members.jsonrpc),
            b"id" => Some(&mut members.id),
            b"method" => Some(&mut members.method),
            b"params" => Some(&mut members.params),
            b"result" => Some(&mut members.result),
            b"error" => Some(&mut members.error),
            // Perhaps one of these in other words.
            other if other.contains(&b'\\') => return None,
            _ => None,
        };
        cursor.colon()?;
        let start = cursor.at();
        cursor.value()?;
        let value = start..cursor.at();
        if member.is_some_and(|member| member.replace(value).is_some()) {
            return None;
        }
        cursor.space();
        match cursor.next()? {
            b',' => cursor.space(),
            b'}' => break,
            _ => return None,
        }
    }
    cursor.space();
    cursor.is_at_end().then_some(members)
}

/// Whether all bytes are so; in pieces that the compiler makes vectors of.
fn all(text: &[u8], is: impl Fn(u8) -> bool) -> bool {
    let mut pieces = text.chunks(256);
    pieces.all(|piece| piece.iter().fold(true, |so_far, byte| so_far & is(*byte)))
}

fn envelope(text: &[u8], members: Members) -> Option<Envelope> {
    let is_object = |value: Range<usize>| text[value.start] == b'{';
    if &text[members.jsonrpc?] != b"\"2.0\"" {
        return None;
    }
    let id = match members.id {
        Some(id) => Some(id_text(text, id)?),
        None => None,
    };
    match (members.method, members.result, members.error, &id) {
        (Some(method), None, None, _) => {
            let takes =
                |params: Range<usize>| &text[params.clone()] == b"null" || is_object(params);
            if !members.params.is_none_or(takes) {
                return None;
            }
            let kind = match id {
                Some(_) => MessageKind::Request,
                None => MessageKind::Notification,
            };
            let method = Some(Text::Place(string(text, method)?));
            Some(Envelope { kind, id, method })
        }
        (None, Some(result), None, Some(_)) if is_object(result.clone()) => Some(Envelope {
            kind: MessageKind::Response,
            id,
            method: None,
        }),
        _ => None,
    }
}

fn id_text(text: &[u8], value: Range<usize>) -> Option<IdText> {
    if text[value.start] == b'"' {
        return string(text, value).map(|inner| IdText::String(Text::Place(inner)));
    }
    let digits = text[value.clone()].strip_prefix(b"-");
    let digits = digits.unwrap_or(&text[value.clone()]);
    let is_integer = digits.iter().all(u8::is_ascii_digit);
    is_integer.then_some(IdText::Integer(Text::Place(value)))
}

/// The inside of a string that has no escapes.
fn string(text: &[u8], value: Range<usize>) -> Option<Range<usize>> {
    let inner = value.start + 1..value.end - 1;
    let is_string = text[value.start] == b'"' && !text[inner.clone()].contains(&b'\\');
    is_string.then_some(inner)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::envelope::check;

    /// What is taken fast is taken with care, too, and is the same.
    fn agrees(text: &[u8]) -> Result<bool, TestCaseError> {
        let Some(fast) = read(text) else {
            return Ok(false);
        };
        let careful = check(text).map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(format!("{:?}", fast.envelope), format!("{careful:?}"));
        let breaks = text.iter().any(|byte| b"\r\n".contains(byte));
        prop_assert!(!(fast.is_one_line && breaks));
        Ok(true)
    }

    #[test]
    fn what_is_written_as_usual_is_taken() {
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {"x": [1, -2.5e+3, {}, [], null, true, false]}}"#,
            "{\n  \"jsonrpc\": \"2.0\",\r\n\t\"method\": \"m\",\n  \"params\": null\n}\n",
            r#"{"method":"m","params":{"ü":"\u00fc\n\"\\ 😀","_meta":{"a":{"b":[[["c"]]]}}},"jsonrpc":"2.0"}"#,
            r#"{"result":{"content":[{"type":"text","text":"long enough for more than one look at it"}]},"id":-7,"jsonrpc":"2.0"}"#,
        ] {
            assert!(agrees(text.as_bytes()).unwrap(), "{text}");
        }
    }

    #[test]
    fn what_takes_care_is_left() {
        let deep = |levels| {
            let (open, close) = ("[".repeat(levels), "]".repeat(levels));
            format!(r#"{{"jsonrpc":"2.0","method":"m","params":{{"x":{open}{close}}}}}"#)
        };
        assert!(agrees(deep(63).as_bytes()).unwrap());
        assert!(!agrees(deep(64).as_bytes()).unwrap());
        for text in [
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"m"}}"#,
            r#"{"jsonrpc":"2.0","\u0069d":1,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"\u006d"}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":{"a":"\ud83d\ude00"}}"#,
        ] {
            assert!(check(text.as_bytes()).is_ok());
            assert!(!agrees(text.as_bytes()).unwrap(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Pieces of messages in any order, some of them right.
        #[test]
        fn nothing_is_taken_that_is_wrong(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "{", "}", "[", "]", ":", ",", " ", "\n", "\"", "\\", "\\u0041", "\\uD800", "a", "ü", "0",
                    "-", "1", ".", "e", "+", "null", "true", "false", "\"x\"", "\"x\":", "\u{1}",
                ]),
                0..12,
            ),
        ) {
            let value = pieces.concat();
            for text in [
                format!(r#"{{"jsonrpc":"2.0","method":"m","params":{{"x":{value}}}}}"#),
                format!(r#"{{"jsonrpc":"2.0","id":{value},"method":"m"}}"#),
                format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{}},"x":{value}}}"#),
                format!(r#"{{"jsonrpc":"2.0","method":"m"{value}}}"#),
                format!(r#"{{"jsonrpc":"2.0","method":"m","{value}":1}}"#),
                format!(r#"{{"jsonrpc":"2.0","method":"m"}}{value}"#),
            ] {
                agrees(text.as_bytes())?;
            }
        }

        /// Long enough to be taken in blocks.
        #[test]
        fn long_strings_are_read_as_with_care(
            pieces in prop::collection::vec(
                prop_oneof![
                    40 => prop::sample::select(vec![
                        "a long piece of text", "and another one that is longer than the first", "\\n",
                        "\\\"", "\\t", "\\\\", "\\u00e4", "\\/", "ü", "😀", "x",
                    ]),
                    1 => prop::sample::select(vec!["\"", "\\", "\u{1}", "\n", "\\x", "\\ud83d"]),
                ],
                0..60,
            ),
        ) {
            let string = pieces.concat();
            let text = format!(r#"{{"jsonrpc":"2.0","method":"m","params":{{"x":"{string}"}}}}"#);
            // Whatever is right is taken, but for surrogates, of which each alone is wrong here.
            prop_assert_eq!(agrees(text.as_bytes())?, check(text.as_bytes()).is_ok());
        }

        #[test]
        fn each_change_of_a_byte_is_seen(at in any::<prop::sample::Index>(), byte: u8) {
            let text = br#"{"jsonrpc":"2.0","id":-10,"method":"m","params":{"a":[1.5e-2,"\u00e4\n",true,null]}}"#;
            let mut text = text.to_vec();
            let at = at.index(text.len());
            text[at] = byte;
            agrees(&text)?;
            text.remove(at);
            agrees(&text)?;
        }
    }
}
