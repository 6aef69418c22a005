//! A message is accepted if serde_json reads it and the rules, written again here on values, allow it;
//! then it says of itself what the values say, and its text is the one that came in.
#![no_main]

use std::fmt;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mcp_sse_server::message::{InvalidMessageKind, Message, MessageKind, RequestId};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// Values are read by recursion, which deeper texts would give more than the stack.
const DEEPEST: usize = 1000;

fuzz_target!(|text: &[u8]| {
    let found = Message::parse(Bytes::copy_from_slice(text));
    if let Err(error) = &found {
        assert!(error.offset().is_none_or(|offset| offset <= text.len()));
        // Fit for a log: nothing that breaks a line.
        assert!(!error.to_string().contains(char::is_control), "{error}");
    }
    if text.iter().filter(|byte| b"[{".contains(byte)).count() > DEEPEST {
        return;
    }
    match (found, expected(text)) {
        (_, Expected::Unknown) => {}
        (Ok(message), Expected::Message { kind, id, method }) => {
            assert_eq!(message.as_bytes(), text);
            assert_eq!(message.as_str().as_bytes(), text);
            assert_eq!(message.kind(), kind);
            assert_eq!(message.method(), method.as_deref());
            match (message.id(), &id) {
                (None, None) => {}
                (Some(RequestId::String(found)), Some(Json::String(id))) => assert_eq!(found, id),
                (Some(RequestId::Integer(found)), Some(Json::Number(id))) => assert_eq!(found, id),
                (found, _) => panic!("{found:?} is not {id:?}"),
            }
            if let Some(id) = message.id() {
                let again: Message = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
                    .parse()
                    .unwrap();
                assert_eq!(again.id(), Some(id));
            }
            assert_eq!(Message::parse(message.into_bytes()).unwrap().kind(), kind);
        }
        (Err(error), Expected::Refused) => {
            assert_ne!(error.kind(), InvalidMessageKind::Type);
        }
        (found, expected) => panic!("{found:?}, expected {expected:?}"),
    }
});

#[derive(Debug)]
enum Expected {
    Message {
        kind: MessageKind,
        id: Option<Json>,
        method: Option<String>,
    },
    Refused,
    /// A number is beyond what the reader of values holds.
    Unknown,
}

/// A value, with every member of an object and every number's own text.
#[derive(Debug)]
enum Json {
    Null,
    Bool,
    Number(String),
    String(String),
    Array,
    Object(Vec<(String, Json)>),
}

fn expected(text: &[u8]) -> Expected {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer.disable_recursion_limit();
    let value = Json::deserialize(&mut deserializer).and_then(|value| {
        deserializer.end()?;
        Ok(value)
    });
    match value {
        Ok(Json::Object(members)) => message(text, members).unwrap_or(Expected::Refused),
        Ok(_) => Expected::Refused,
        Err(error) if error.to_string().starts_with("number out of range") => Expected::Unknown,
        Err(_) => Expected::Refused,
    }
}

fn message(text: &[u8], members: Vec<(String, Json)>) -> Option<Expected> {
    let mut envelope = [const { None }; 6];
    for (name, value) in members {
        let names = ["jsonrpc", "id", "method", "params", "result", "error"];
        if let Some(at) = names.iter().position(|known| *known == name)
            && envelope[at].replace(value).is_some()
        {
            return None;
        }
    }
    let [jsonrpc, id, method, params, result, error] = envelope;
    let Some(Json::String(version)) = jsonrpc else {
        return None;
    };
    if version != "2.0" {
        return None;
    }
    let raw = raw_numbers(text);
    let id = match id {
        Some(Json::Number(_)) => Some(Json::Number(integer(raw.id?.get())?)),
        Some(Json::String(_) | Json::Null) | None => id,
        Some(_) => return None,
    };
    let (kind, id, method) = match (method, result, error) {
        (Some(Json::String(method)), None, None) => {
            if !matches!(params, None | Some(Json::Null | Json::Object(_))) {
                return None;
            }
            match id {
                None => (MessageKind::Notification, None, Some(method)),
                Some(Json::Null) => return None,
                id => (MessageKind::Request, id, Some(method)),
            }
        }
        (None, Some(Json::Object(_)), None) => match id {
            None | Some(Json::Null) => return None,
            id => (MessageKind::Response, id, None),
        },
        (None, None, Some(Json::Object(members))) => {
            let of = |wanted: &str| {
                let mut all = members.iter().filter(|(name, _)| name == wanted);
                let (_, value) = all.next()?;
                all.next().is_none().then_some(value)
            };
            let (Json::Number(_), Json::String(_)) = (of("code")?, of("message")?) else {
                return None;
            };
            integer(raw.error?.code?.get())?;
            match id? {
                Json::Null => (MessageKind::Error, None, None),
                id => (MessageKind::Error, Some(id), None),
            }
        }
        _ => return None,
    };
    Some(Expected::Message { kind, id, method })
}

/// Digits, and a minus sign perhaps.
fn integer(text: &str) -> Option<String> {
    let is = text
        .chars()
        .enumerate()
        .all(|(at, c)| c.is_ascii_digit() || (at == 0 && c == '-'));
    is.then(|| text.to_owned())
}

/// The numbers that must be integers, as they stand: a value would not tell `1` from `1e0`.
#[derive(Default, Deserialize)]
struct Raw {
    id: Option<Box<RawValue>>,
    error: Option<RawError>,
}

#[derive(Default, Deserialize)]
struct RawError {
    code: Option<Box<RawValue>>,
}

fn raw_numbers(text: &[u8]) -> Raw {
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    deserializer.disable_recursion_limit();
    Raw::deserialize(&mut deserializer).unwrap_or_default()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;

        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = Json;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }

            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }

            fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
                Ok(Json::Bool)
            }

            fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
                Ok(Json::Number(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
                Ok(Json::Number(number.to_string()))
            }

            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Json, E> {
                match number.is_finite() {
                    true => Ok(Json::Number(number.to_string())),
                    false => Err(E::custom("not finite")),
                }
            }

            fn visit_str<E>(self, text: &str) -> Result<Json, E> {
                Ok(Json::String(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                while items.next_element::<Json>()?.is_some() {}
                Ok(Json::Array)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Json::Object(members))
            }
        }

        deserializer.deserialize_any(JsonVisitor)
    }
}
