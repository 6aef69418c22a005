//! What serde_json makes of a text, for comparison with `Message::parse`. The property tests and the fuzz
//! target share this file.

use std::{fmt, ops::Range};

use mcp_sse_server::message::{
    InvalidMessage, InvalidMessageKind as Invalid, Message, MessageKind, RequestId,
};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{error::Category, value::RawValue};

/// Panics unless `Message::parse` and serde_json agree about a text: whether it is a message, and if not,
/// which rule is broken first and where; if so, its kind, id and method.
pub(crate) fn compare(text: &[u8]) {
    let shown = text.escape_ascii();
    match (Message::parse(text.to_vec()), expected(text)) {
        (Ok(message), Ok(expected)) => {
            assert_eq!(message.as_bytes(), text);
            assert_eq!(message.kind(), expected.kind, "{shown}");
            assert_eq!(message.method(), expected.method.as_deref(), "{shown}");
            match (message.id(), expected.id) {
                (None, None) => {}
                (Some(RequestId::String(found)), Some(Id::String(id))) => assert_eq!(found, id),
                (Some(RequestId::Integer(found)), Some(Id::Integer(id))) => assert_eq!(found, id),
                (found, expected) => panic!("id {found:?} is not {expected:?}: {shown}"),
            }
            if let Some(id) = message.id() {
                let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
                let answer: Message = answer.parse().unwrap();
                assert_eq!(answer.id(), Some(id));
            }
        }
        (Err(error), Err(refusal)) => {
            assert_eq!(error.kind(), refusal.rule, "{error}: {shown}");
            let words = error.to_string();
            assert!(
                words.len() < 160 && !words.contains(char::is_control),
                "{words}"
            );
            match refusal.place {
                Some(place) => {
                    let offset = error.offset().expect("an offset");
                    assert!(place.contains(&offset), "{error}, not {place:?}: {shown}");
                }
                None => assert_eq!(error.offset(), None, "{error}: {shown}"),
            }
            if error.kind() == Invalid::Syntax {
                check_syntax_error(text, &error);
            }
        }
        (Ok(_), Err(refusal)) => panic!("accepted, but breaks {refusal:?}: {shown}"),
        (Err(error), Ok(_)) => panic!("refused: {error}: {shown}"),
    }
}

/// The offset is that of the first byte with which the text cannot be JSON any more.
fn check_syntax_error(text: &[u8], error: &InvalidMessage) {
    let category = |text: &[u8]| {
        let read = serde_json::from_slice::<IgnoredAny>(text);
        read.err().map(|error| error.classify())
    };
    let shown = text.escape_ascii();
    let (before, from) = text.split_at(error.offset().expect("an offset"));
    // serde_json has no error of its own for a number that ends after a sign, a point or an exponent.
    let continued = [before, b"0"].concat();
    let can_go_on = [before, &continued]
        .iter()
        .any(|text| matches!(category(text), None | Some(Category::Eof)));
    assert!(can_go_on, "{error} is too late: {shown}");
    match from.first() {
        None => assert!(!before.is_empty() || text.is_empty()),
        Some(byte) => {
            let mut wrong = [before, &[*byte]].concat();
            // serde_json looks at the four digits of an escape together.
            let digits = before
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_hexdigit());
            if before[..before.len() - digits.count().min(3)].ends_with(b"\\u") {
                wrong.extend(b"0000");
            }
            assert_eq!(
                category(&wrong),
                Some(Category::Syntax),
                "{error} is too early: {shown}"
            );
        }
    }
}

#[derive(Debug)]
struct Expected {
    kind: MessageKind,
    id: Option<Id>,
    method: Option<String>,
}

#[derive(Debug)]
enum Id {
    Integer(String),
    String(String),
}

/// The first rule that a text breaks, and the bytes of which one is named, if any is.
#[derive(Debug)]
struct Refusal {
    rule: Invalid,
    place: Option<Range<usize>>,
}

fn expected(bytes: &[u8]) -> Result<Expected, Refusal> {
    let refuse = |rule, place| Err(Refusal { rule, place });
    let exactly = |offset| Some(offset..offset + 1);
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => return refuse(Invalid::Encoding, exactly(error.valid_up_to())),
    };
    let offset = |part: &str| part.as_ptr() as usize - text.as_ptr() as usize;
    let trimmed = text.trim_start_matches([' ', '\t', '\r', '\n']);
    if trimmed.starts_with('[') {
        return refuse(Invalid::Batch, exactly(offset(trimmed)));
    }
    if serde_json::from_str::<&RawValue>(text).is_err() {
        return refuse(Invalid::Syntax, Some(0..text.len() + 1));
    }
    if !trimmed.starts_with('{') {
        return refuse(Invalid::NotAnObject, exactly(offset(trimmed)));
    }
    let members = members(text);
    for (at, (name, value)) in members.iter().enumerate() {
        let names = ["jsonrpc", "id", "method", "params", "result", "error"];
        let is_known = name.as_deref().is_some_and(|name| names.contains(&name));
        if is_known && members[..at].iter().any(|(before, _)| before == name) {
            return refuse(Invalid::Duplicate, exactly(offset(value)));
        }
    }
    if let Some(string) = string_with_lone_surrogate(text) {
        let start = offset(string);
        return refuse(Invalid::LoneSurrogate, Some(start..start + string.len()));
    }

    let get = |name: &str| {
        let mut found = members
            .iter()
            .filter(|member| member.0.as_deref() == Some(name));
        found.next().map(|member| member.1)
    };
    let breaks = |rule, member: Option<&str>| {
        let place = member.map(|member| offset(member)..offset(member) + 1);
        Err(Refusal { rule, place })
    };
    let [version, id, method, params] = ["jsonrpc", "id", "method", "params"].map(get);
    let [result, error] = ["result", "error"].map(get);
    if version.and_then(string).as_deref() != Some("2.0") {
        return breaks(Invalid::Jsonrpc, version);
    }
    if [method, result, error].iter().flatten().count() != 1 {
        return breaks(Invalid::Shape, None);
    }
    if method.is_some() {
        if method.and_then(string).is_none() {
            return breaks(Invalid::Method, method);
        }
        if params.is_some_and(|params| params != "null" && !params.starts_with('{')) {
            return breaks(Invalid::Params, params);
        }
    }
    if result.is_some_and(|result| !result.starts_with('{')) {
        return breaks(Invalid::Result, result);
    }
    if error.is_some_and(|error| !is_error(error)) {
        return breaks(Invalid::Error, error);
    }
    let kind = match (method, result, id) {
        (Some(_), _, Some(_)) => MessageKind::Request,
        (Some(_), _, None) => MessageKind::Notification,
        (None, Some(_), _) => MessageKind::Response,
        (None, None, _) => MessageKind::Error,
    };
    let read_id = match id {
        None if kind == MessageKind::Notification => None,
        Some("null") if kind == MessageKind::Error => None,
        Some(id) if is_integer(id) => Some(Id::Integer(id.to_owned())),
        id => match id.and_then(string) {
            Some(string) => Some(Id::String(string)),
            None => return breaks(Invalid::Id, id),
        },
    };
    Ok(Expected {
        kind,
        id: read_id,
        method: method.and_then(string),
    })
}

fn is_error(text: &str) -> bool {
    if !text.starts_with('{') {
        return false;
    }
    let members = members(text);
    let only = |wanted: &str| {
        let found = members
            .iter()
            .filter(|(name, _)| name.as_deref() == Some(wanted));
        let found: Vec<_> = found.map(|(_, value)| *value).collect();
        <[&str; 1]>::try_from(found).ok().map(|[value]| value)
    };
    only("code").is_some_and(is_integer) && only("message").and_then(string).is_some()
}

fn is_integer(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && !json.contains(['.', 'e', 'E'])
}

fn string(json: &str) -> Option<String> {
    serde_json::from_str(json).ok()
}

/// The first string of a valid JSON text that serde_json does not decode. It refuses lone surrogates
/// only when it decodes.
fn string_with_lone_surrogate(json: &str) -> Option<&str> {
    let bytes = json.as_bytes();
    let mut at = 0;
    while let Some(start) = json[at..].find('"').map(|found| at + found) {
        at = start + 1;
        while bytes[at] != b'"' {
            at += if bytes[at] == b'\\' { 2 } else { 1 };
        }
        at += 1;
        if string(&json[start..at]).is_none() {
            return Some(&json[start..at]);
        }
    }
    None
}

/// All members of an object. A name with a lone surrogate is `None`.
fn members(json: &str) -> Vec<(Option<String>, &str)> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(Option<String>, &'de str)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some((name, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                members.push((string(name.get()), value.get()));
            }
            Ok(members)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(json);
    deserializer.deserialize_map(Members).expect("an object")
}
