//! The rules of a JSON-RPC 2.0 envelope, as MCP narrows them.

use super::{
    cursor::{Cursor, Expected},
    error::{InvalidMessage, InvalidMessageKind as Invalid},
    kind::MessageKind,
    object::Object,
    skip::Nesting,
    value::{IdText, Text, Value},
};

/// What a message says about itself, as places in its text.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) kind: MessageKind,
    pub(super) id: Option<IdText>,
    pub(super) method: Option<Text>,
}

const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// Reads a text, which is UTF-8, and checks the rules in the order of this function.
///
/// `has_controls` may be false only if there are no control characters in the text.
pub(super) fn read(text: &[u8], has_controls: bool) -> Result<Envelope, InvalidMessage> {
    let mut cursor = Cursor::new(text, has_controls);
    let mut object = Object::new();
    read_object(&mut object, &mut cursor)?;
    if let Some((index, value)) = object.duplicate {
        let found = format_args!("found a second `{}`", NAMES[index]);
        let invalid = InvalidMessage::new(Invalid::Duplicate);
        return Err(invalid.but(found).at(value.offset()));
    }
    if let Some(offset) = cursor.lone_surrogate() {
        return Err(InvalidMessage::new(Invalid::LoneSurrogate).at(offset));
    }
    let [jsonrpc, id, method, params, result, error] = object.members;

    let is_2_0 = jsonrpc.and_then(Value::string).as_deref() == Some(b"2.0");
    require(is_2_0, Invalid::Jsonrpc, jsonrpc)?;
    let kind = match (method, result, error) {
        (Some(_), None, None) if id.is_some() => MessageKind::Request,
        (Some(_), None, None) => MessageKind::Notification,
        (None, Some(_), None) => MessageKind::Response,
        (None, None, Some(_)) => MessageKind::Error,
        _ => return Err(InvalidMessage::new(Invalid::Shape)),
    };
    require(method.is_none_or(Value::is_string), Invalid::Method, method)?;
    let is_good = params.is_none_or(|params| params.is_object() || params.is_null());
    require(method.is_none() || is_good, Invalid::Params, params)?;
    require(result.is_none_or(Value::is_object), Invalid::Result, result)?;
    require(error.is_none_or(is_error), Invalid::Error, error)?;
    let id_text = id.and_then(Value::id);
    let may_lack_id = match kind {
        MessageKind::Notification => true,
        MessageKind::Error => id.is_some_and(Value::is_null),
        MessageKind::Request | MessageKind::Response => false,
    };
    require(id_text.is_some() || may_lack_id, Invalid::Id, id)?;
    Ok(Envelope {
        kind,
        id: id_text,
        method: method.and_then(Value::text),
    })
}

/// Reads the members of the message, if the text is one JSON object.
fn read_object<'a>(
    object: &mut Object<'a, 6>,
    cursor: &mut Cursor<'a>,
) -> Result<(), InvalidMessage> {
    cursor.space();
    let start = cursor.at();
    let read = match cursor.rest() {
        [b'{', ..] => object.read(cursor, &NAMES).map(|()| None),
        [b'[', ..] => return Err(InvalidMessage::new(Invalid::Batch).at(start)),
        [0xEF, 0xBB, 0xBF, ..] => {
            let found = format_args!("found a byte order mark");
            return Err(InvalidMessage::new(Invalid::Syntax).but(found).at(start));
        }
        _ => Value::read(cursor, &mut Nesting::new()).map(Some),
    };
    let other = read.map_err(|expected| not_json(cursor, expected))?;
    cursor.space();
    if !cursor.rest().is_empty() {
        return Err(not_json(cursor, "the end of the text"));
    }
    require(other.is_none(), Invalid::NotAnObject, other)
}

/// Whether a value is JSON-RPC's error object.
fn is_error(value: Value<'_>) -> bool {
    let mut object = Object::new();
    let mut cursor = Cursor::new(value.json(), true);
    if !value.is_object() || object.read(&mut cursor, &["code", "message"]).is_err() {
        return false;
    }
    let [code, message] = object.members;
    object.duplicate.is_none()
        && code.is_some_and(Value::is_integer)
        && message.is_some_and(Value::is_string)
}

/// Refuses the message unless one of its values keeps a rule.
#[inline]
fn require(keeps: bool, rule: Invalid, value: Option<Value<'_>>) -> Result<(), InvalidMessage> {
    match keeps {
        true => Ok(()),
        false => Err(refusal(rule, value)),
    }
}

#[cold]
fn refusal(rule: Invalid, value: Option<Value<'_>>) -> InvalidMessage {
    let invalid = InvalidMessage::new(rule);
    match value {
        Some(value) => invalid
            .but(format_args!("found {}", value.describe()))
            .at(value.offset()),
        None => invalid.but(format_args!("it is missing")),
    }
}

#[cold]
fn not_json(cursor: &Cursor<'_>, expected: Expected) -> InvalidMessage {
    let invalid = InvalidMessage::new(Invalid::Syntax).at(cursor.at());
    match cursor.rest() {
        [] => invalid.but(format_args!("the text ends where {expected} is expected")),
        _ => invalid.but(format_args!("expected {expected}")),
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
            let error = read(text.as_bytes(), true).unwrap_err();
            assert_eq!(error.to_string(), words, "{text}");
        }
    }
}
