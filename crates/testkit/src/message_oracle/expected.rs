//! What serde_json makes of a text.

use std::{fmt, ops::Range};

use mcp_sse_server::message::{InvalidMessageKind as Invalid, MessageKind};
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

#[derive(Debug)]
pub(super) struct Expected {
    pub(super) kind: MessageKind,
    pub(super) id: Option<Id>,
    pub(super) method: Option<String>,
    /// The id as it was written.
    pub(super) id_json: Option<String>,
    /// The params, the result or the error, as it was written.
    pub(super) content: Option<String>,
}

#[derive(Debug)]
pub(super) enum Id {
    Integer(String),
    String(String),
}

/// The first rule that a text breaks, and the bytes of which one is named, if any is.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) rule: Invalid,
    pub(super) place: Option<Range<usize>>,
}

pub(super) fn expected(bytes: &[u8]) -> Result<Expected, Refusal> {
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
        id_json: id.map(str::to_owned),
        content: match kind {
            MessageKind::Request | MessageKind::Notification => params,
            MessageKind::Response => result,
            MessageKind::Error => error,
        }
        .map(str::to_owned),
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
