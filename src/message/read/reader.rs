//! The rules of a JSON-RPC 2.0 envelope, as MCP narrows them.

use std::ops::Range;

use crate::message::{
    error::{Expected, InvalidMessage, InvalidMessageKind as Invalid},
    kind::MessageKind,
};

use super::{
    cursor::{Cursor, Value},
    escape,
    scan::Chars,
    text::{Decoded, Text, str_of},
};

/// What a message says about itself, as places in its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) chars: Chars,
    pub(crate) kind: MessageKind,
    pub(crate) id: Option<IdText>,
    pub(crate) method: Option<Text>,
    /// Where the value of `params`, `result` or `error` begins. 0 if there are no `params`.
    pub(crate) content: usize,
    /// Whether the text may be a small part of a large buffer.
    pub(crate) is_slice: bool,
}

/// The text of an id, by its JSON type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum IdText {
    Integer(Range<usize>),
    String(Text),
}

pub(crate) const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// The members of an envelope, in the order of [`NAMES`].
pub(crate) type Members<'a> = super::cursor::Members<'a, { NAMES.len() }>;

/// Reads a text, and checks the rules in the order of this function.
pub(crate) fn read(text: &[u8]) -> Result<Envelope, InvalidMessage> {
    let chars = match Chars::of(text) {
        Ok(chars) => chars,
        Err(offset) => return Err(InvalidMessage::new(Invalid::Encoding).at(offset)),
    };
    let mut cursor = Cursor::new(text, chars);
    cursor.space();
    if text.get(cursor.at) != Some(&b'{') {
        return Err(not_an_object(cursor));
    }
    let members = match cursor.object(&NAMES) {
        Ok(members) => members,
        Err(expected) => return Err(not_json(&cursor, expected)),
    };
    cursor.space();
    if cursor.at < text.len() {
        return Err(not_json(&cursor, "the end of the text"));
    }
    check(text, chars, &members, cursor.lone_surrogate)
}

/// Checks the rules for the members of a text that is an object.
#[inline]
pub(crate) fn check(
    text: &[u8],
    chars: Chars,
    members: &Members<'_>,
    lone_surrogate: Option<usize>,
) -> Result<Envelope, InvalidMessage> {
    if let Some((index, value)) = members.duplicate {
        let found = format_args!("found a second `{}`", NAMES[index]);
        let invalid = InvalidMessage::new(Invalid::Duplicate);
        return Err(invalid.but(found).at(value.0));
    }
    if let Some(offset) = lone_surrogate {
        return Err(InvalidMessage::new(Invalid::LoneSurrogate).at(offset));
    }

    let [jsonrpc, id, method, params, result, error] = members.values;
    match jsonrpc {
        Some(Value(_, br#""2.0""#)) => {}
        Some(value) if string(value).is_some_and(|version| version.resolve(text) == "2.0") => {}
        _ => return Err(refusal(Invalid::Jsonrpc, jsonrpc)),
    }
    let kind = match (method, result, error) {
        (Some(_), None, None) if id.is_some() => MessageKind::Request,
        (Some(_), None, None) => MessageKind::Notification,
        (None, Some(_), None) => MessageKind::Response,
        (None, None, Some(_)) => MessageKind::Error,
        _ => return Err(InvalidMessage::new(Invalid::Shape)),
    };
    let method_text = method.and_then(string);
    if method.is_some() && method_text.is_none() {
        return Err(refusal(Invalid::Method, method));
    }
    if method.is_some() && !matches!(params, None | Some(Value(_, [b'{', ..] | b"null"))) {
        return Err(refusal(Invalid::Params, params));
    }
    if !matches!(result, None | Some(Value(_, [b'{', ..]))) {
        return Err(refusal(Invalid::Result, result));
    }
    if error.is_some_and(|error| !is_error(error, chars)) {
        return Err(refusal(Invalid::Error, error));
    }
    let id_text = match (id, kind) {
        (None, MessageKind::Notification) => None,
        (Some(Value(_, b"null")), MessageKind::Error) => None,
        (Some(value), _) if is_integer(value) => {
            let Value(start, digits) = value;
            Some(IdText::Integer(start..start + digits.len()))
        }
        _ => match id.and_then(string) {
            Some(text) => Some(IdText::String(text)),
            None => return Err(refusal(Invalid::Id, id)),
        },
    };
    let content = match kind {
        MessageKind::Request | MessageKind::Notification => params,
        MessageKind::Response => result,
        MessageKind::Error => error,
    };
    Ok(Envelope {
        chars,
        kind,
        id: id_text,
        method: method_text,
        content: content.map_or(0, |value| value.0),
        is_slice: false,
    })
}

/// The text of a string, with escapes decoded. `None` if the value is of another type.
pub(crate) fn string(Value(start, json): Value<'_>) -> Option<Text> {
    let [b'"', inner @ .., b'"'] = json else {
        return None;
    };
    let place = start + 1..start + 1 + inner.len();
    Some(match inner.contains(&b'\\') {
        true => Text::Decoded(Box::new(Decoded {
            place,
            text: str_of(&escape::decode(inner)).into(),
        })),
        false => Text::Place(place),
    })
}

/// Whether a value is a number without a fraction and an exponent.
pub(crate) fn is_integer(Value(_, json): Value<'_>) -> bool {
    let digits = json.strip_prefix(b"-").unwrap_or(json);
    digits.iter().all(u8::is_ascii_digit)
}

/// Whether a value is JSON-RPC's error object.
fn is_error(Value(_, json): Value<'_>, chars: Chars) -> bool {
    let [b'{', ..] = json else {
        return false;
    };
    let Ok(members) = Cursor::new(json, chars).object(&["code", "message"]) else {
        return false;
    };
    let [code, message] = members.values;
    members.duplicate.is_none()
        && code.is_some_and(is_integer)
        && message.and_then(string).is_some()
}

#[cold]
fn refusal(rule: Invalid, value: Option<Value<'_>>) -> InvalidMessage {
    let invalid = InvalidMessage::new(rule);
    let Some(value) = value else {
        return invalid.but(format_args!("it is missing"));
    };
    // The type, never the content: the words are logged.
    let found = match value.1 {
        [b'{', ..] => "an object",
        [b'[', ..] => "an array",
        [b'"', ..] => "a string",
        [b't' | b'f', ..] => "a boolean",
        [b'n', ..] => "null",
        _ if is_integer(value) => "an integer",
        _ => "a number with a fraction or an exponent",
    };
    invalid.but(format_args!("found {found}")).at(value.0)
}

#[cold]
fn not_an_object(mut cursor: Cursor<'_>) -> InvalidMessage {
    let start = cursor.at;
    match cursor.text[start..] {
        [b'[', ..] => return InvalidMessage::new(Invalid::Batch).at(start),
        [0xEF, 0xBB, 0xBF, ..] => {
            let found = format_args!("found a byte order mark");
            return InvalidMessage::new(Invalid::Syntax).but(found).at(start);
        }
        _ => {}
    }
    if let Err(expected) = cursor.scalar() {
        return not_json(&cursor, expected);
    }
    let json = &cursor.text[start..cursor.at];
    cursor.space();
    if cursor.at < cursor.text.len() {
        return not_json(&cursor, "the end of the text");
    }
    refusal(Invalid::NotAnObject, Some(Value(start, json)))
}

#[cold]
fn not_json(cursor: &Cursor<'_>, expected: Expected) -> InvalidMessage {
    let invalid = InvalidMessage::new(Invalid::Syntax).at(cursor.at);
    match cursor.at == cursor.text.len() {
        true => invalid.but(format_args!("the text ends where {expected} is expected")),
        false => invalid.but(format_args!("expected {expected}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[rustfmt::skip]
    fn an_error_names_the_rule_what_was_found_and_the_byte() {
        let wrap = |member: &str| format!(r#"{{"jsonrpc":"2.0",{member}}}"#);
        let deep = "[".repeat(100);
        for (text, words) in [
            (String::new(), "a message must be JSON, the text ends where a value is expected (at byte 0)"),
            ("\u{feff}{}".into(), "a message must be JSON, found a byte order mark (at byte 0)"),
            (" 7".into(), "a message must be an object, found an integer (at byte 1)"),
            ("{} {}".into(), "a message must be JSON, expected the end of the text (at byte 3)"),
            (wrap(""), "a message must be JSON, expected a name in quotes (at byte 17)"),
            (wrap(r#""a""#), "a message must be JSON, expected `:` (at byte 20)"),
            (wrap(r#""a":1 2"#), "a message must be JSON, expected `,` or `}` (at byte 23)"),
            (wrap(r#""a":nul"#), "a message must be JSON, expected `true`, `false` or `null` (at byte 24)"),
            (wrap(r#""a":-"#), "a message must be JSON, expected a digit (at byte 22)"),
            (wrap(r#""a":"\u00g0""#), "a message must be JSON, expected a hexadecimal digit (at byte 26)"),
            (wrap(r#""a":"\x""#), "a message must be JSON, expected an escape of JSON (at byte 23)"),
            (wrap("\"a\":\"\t\""), "a message must be JSON, expected an escape instead of a control character (at byte 22)"),
            (wrap(r#""a":""#), "a message must be JSON, the text ends where the end of a string is expected (at byte 23)"),
            (format!(r#"{{"a":{deep}1}}"#), "a message must be JSON, expected `,` or `]` (at byte 106)"),
            (wrap(r#""id":1,"\u0069d":2"#), "no member may be given twice, found a second `id` (at byte 34)"),
            (wrap(r#""id":true,"method":"m""#), "`id` must be a string or an integer, or null in an error, found a boolean (at byte 22)"),
            (wrap(r#""result":{}"#), "`id` must be a string or an integer, or null in an error, it is missing"),
            (wrap(r#""id":1"#), "a message has exactly one of `method`, `result` and `error`"),
        ] {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), words, "{text}");
        }
    }
}
