//! The rules of a JSON-RPC 2.0 envelope, as MCP narrows them.

use std::{borrow::Cow, ops::Range};

use serde_json::value::RawValue;

use super::{
    checked::MessageKind,
    error::{InvalidMessage, InvalidMessageKind as Invalid},
    scan,
};

/// What a message says of itself, as places in its text.
#[derive(Clone, Debug)]
pub(super) struct Envelope {
    pub(super) kind: MessageKind,
    pub(super) id: Option<IdText>,
    pub(super) method: Option<Text>,
}

/// An id's text, by its JSON type.
#[derive(Clone, Debug)]
pub(super) enum IdText {
    Integer(Text),
    String(Text),
}

/// A piece of the message: a place in it, or a copy where escapes had to be read.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Place(Range<usize>),
    Unescaped(Box<str>),
}

const JSONRPC: usize = 0;
const ID: usize = 1;
const METHOD: usize = 2;
const PARAMS: usize = 3;
const RESULT: usize = 4;
const ERROR: usize = 5;
const NAMES: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

pub(super) fn check(bytes: &[u8]) -> Result<Envelope, InvalidMessage> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        InvalidMessage::new(Invalid::Encoding, "a message must be UTF-8").at(error.valid_up_to())
    })?;
    let found = object(text)?;
    let at = |value: &RawValue| scan::offset(text, value.get());
    if let Some((index, value)) = found.duplicate {
        let what = format!("`{}` is given twice", NAMES[index]);
        return Err(InvalidMessage::new(Invalid::Duplicate, what).at(at(value)));
    }
    if let Some(invalid) = lone_surrogate(text) {
        return Err(invalid);
    }
    let value = |member: usize| found.values[member];
    let refuse = |kind, member: usize, rule: &str| {
        let invalid =
            |found: &str| InvalidMessage::new(kind, format!("`{}` {rule}, {found}", NAMES[member]));
        match value(member) {
            Some(value) => invalid(&format!("found {}", describe(value))).at(at(value)),
            None => invalid("it is missing"),
        }
    };

    if value(JSONRPC).and_then(string).as_deref() != Some("2.0") {
        return Err(refuse(
            Invalid::Jsonrpc,
            JSONRPC,
            "must be the string \"2.0\"",
        ));
    }
    let kind = match (value(METHOD), value(RESULT), value(ERROR)) {
        (Some(_), None, None) if value(ID).is_some() => MessageKind::Request,
        (Some(_), None, None) => MessageKind::Notification,
        (None, Some(_), None) => MessageKind::Response,
        (None, None, Some(_)) => MessageKind::Error,
        _ => {
            let what = "a message has exactly one of `method`, `result` and `error`";
            return Err(InvalidMessage::new(Invalid::Shape, what));
        }
    };
    let method = value(METHOD)
        .map(|method| {
            place(text, method).ok_or_else(|| refuse(Invalid::Method, METHOD, "must be a string"))
        })
        .transpose()?;
    let has_params = matches!(kind, MessageKind::Request | MessageKind::Notification);
    if has_params && !value(PARAMS).is_none_or(|params| is_object(params) || is_null(params)) {
        return Err(refuse(
            Invalid::Params,
            PARAMS,
            "must be an object, null or absent",
        ));
    }
    if kind == MessageKind::Response && !value(RESULT).is_some_and(is_object) {
        return Err(refuse(Invalid::Result, RESULT, "must be an object"));
    }
    if kind == MessageKind::Error && !value(ERROR).is_some_and(is_error) {
        let rule = "must be an object with an integer `code` and a string `message`, each once";
        return Err(refuse(Invalid::Error, ERROR, rule));
    }
    let id = match value(ID) {
        None if kind == MessageKind::Notification => None,
        Some(id) if kind == MessageKind::Error && is_null(id) => None,
        id => Some(
            id.and_then(|id| id_text(text, id))
                .ok_or_else(|| match kind {
                    MessageKind::Error => {
                        refuse(Invalid::Id, ID, "must be a string, an integer or null")
                    }
                    _ => refuse(Invalid::Id, ID, "must be a string or an integer"),
                })?,
        ),
    };
    Ok(Envelope { kind, id, method })
}

/// The envelope's members, if the text is one JSON object.
fn object(text: &str) -> Result<scan::Members<'_, 6>, InvalidMessage> {
    let start = text.find(|c| !matches!(c, ' ' | '\t' | '\n' | '\r'));
    let rest = &text[start.unwrap_or(text.len())..];
    let syntax = |error: &serde_json::Error| {
        let offset = scan::error_offset(text, error);
        // serde_json ends its messages with the line and column, and the offset says the same.
        let message = error.to_string();
        let what = message.split(" at line ").next().unwrap_or(&message);
        InvalidMessage::new(Invalid::Syntax, format!("not JSON: {what}")).at(offset)
    };
    match rest.chars().next() {
        Some('{') => scan::members(text, &NAMES).map_err(|error| {
            // Keys are read as Rust strings, which cannot hold half of a pair; to JSON it is one.
            match serde_json::from_str::<&RawValue>(text) {
                Ok(_) => lone_surrogate(text).unwrap_or_else(|| syntax(&error)),
                Err(_) => syntax(&error),
            }
        }),
        Some('[') => {
            let what = "a JSON-RPC batch is not a message, send each one in a POST of its own";
            Err(InvalidMessage::new(Invalid::Batch, what).at(scan::offset(text, rest)))
        }
        Some('\u{feff}') => {
            let what = "a message must not begin with a byte order mark";
            Err(InvalidMessage::new(Invalid::Syntax, what).at(scan::offset(text, rest)))
        }
        _ => Err(match serde_json::from_str::<&RawValue>(text) {
            Err(error) => syntax(&error),
            Ok(value) => {
                let what = format!("a message must be an object, found {}", describe(value));
                InvalidMessage::new(Invalid::NotAnObject, what).at(scan::offset(text, rest))
            }
        }),
    }
}

/// The refusal of valid JSON in which half of a surrogate pair stands.
fn lone_surrogate(json: &str) -> Option<InvalidMessage> {
    let what = "half of a surrogate pair is no character, escape both halves";
    let offset = scan::lone_surrogate(json)?;
    Some(InvalidMessage::new(Invalid::LoneSurrogate, what).at(offset))
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

fn is_null(value: &RawValue) -> bool {
    value.get() == "null"
}

fn is_integer(value: &RawValue) -> bool {
    let text = value.get();
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_error(value: &RawValue) -> bool {
    if !is_object(value) {
        return false;
    }
    let Ok(found) = scan::members(value.get(), &["code", "message"]) else {
        return false;
    };
    let [code, message] = found.values;
    found.duplicate.is_none()
        && code.is_some_and(is_integer)
        && message.is_some_and(|message| message.get().starts_with('"'))
}

/// The string that the value is, copied only if it has escapes.
fn string(value: &RawValue) -> Option<Cow<'_, str>> {
    let inner = value.get().strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(value.get()).ok().map(Cow::Owned)
}

/// Where the string that the value is stands in the text.
fn place(text: &str, value: &RawValue) -> Option<Text> {
    Some(match string(value)? {
        Cow::Borrowed(inner) => Text::Place(range(text, inner)),
        Cow::Owned(inner) => Text::Unescaped(inner.into()),
    })
}

fn id_text(text: &str, value: &RawValue) -> Option<IdText> {
    if is_integer(value) {
        return Some(IdText::Integer(Text::Place(range(text, value.get()))));
    }
    place(text, value).map(IdText::String)
}

fn range(text: &str, part: &str) -> Range<usize> {
    let start = scan::offset(text, part);
    start..start + part.len()
}

/// The value's type, in words. Never its content: the words go into logs.
fn describe(value: &RawValue) -> &'static str {
    match value.get().as_bytes().first() {
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'"') => "a string",
        Some(b't' | b'f') => "a boolean",
        Some(b'n') => "null",
        _ if is_integer(value) => "an integer",
        _ => "a number with a fraction or an exponent",
    }
}
