//! `Message::parse` against serde_json's reading of the same text as a `Value`.

use mcp_sse_server::{
    Message,
    message::{MessageKind, RequestId},
};
use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Mostly an object.
fn content() -> impl Strategy<Value = Value> {
    let object = prop::collection::hash_map(any::<String>(), any_json(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()));
    prop_oneof![6 => object, 1 => Just(Value::Null), 1 => any_json()]
}

/// An object whose members are those of an envelope, each right more often than not.
fn envelope() -> impl Strategy<Value = Value> {
    let version = prop_oneof![9 => Just(json!("2.0")), 1 => any_json()];
    let id = prop_oneof![
        4 => any::<i64>().prop_map(Value::from),
        4 => any::<String>().prop_map(Value::from),
        1 => Just(Value::Null),
        1 => any_json(),
    ];
    let method = prop_oneof![9 => any::<String>().prop_map(Value::from), 1 => any_json()];
    let error = prop_oneof![
        6 => (any::<i32>(), any::<String>(), prop::option::of(any_json()))
            .prop_map(|(code, message, data)| json!({"code": code, "message": message, "data": data})),
        2 => (any_json(), any_json()).prop_map(|(code, message)| json!({"code": code, "message": message})),
        1 => any_json(),
    ];
    let often = |share, value| prop::option::weighted(share, value);
    let members = (
        often(0.95, version.boxed()),
        often(0.7, id.boxed()),
        often(0.5, method.boxed()),
        often(0.5, content().boxed()),
        often(0.3, content().boxed()),
        often(0.3, error.boxed()),
        often(0.2, any_json().boxed()),
    );
    members.prop_map(|(jsonrpc, id, method, params, result, error, other)| {
        let mut members = Map::new();
        for (name, value) in [
            ("jsonrpc", jsonrpc),
            ("id", id),
            ("method", method),
            ("params", params),
            ("result", result),
            ("error", error),
            ("other", other),
        ] {
            if let Some(value) = value {
                members.insert(name.to_owned(), value);
            }
        }
        Value::Object(members)
    })
}

/// What the rules of MCP make of a value: written down once more, and not for speed.
fn kind_of(value: &Value) -> Option<MessageKind> {
    let members = value.as_object()?;
    let get = |name| members.get(name);
    let integer = |value: &Value| value.is_i64() || value.is_u64();
    let id = |value: &Value| value.is_string() || integer(value);
    if get("jsonrpc") != Some(&json!("2.0")) {
        return None;
    }
    let params = || get("params").is_none_or(|params| params.is_object() || params.is_null());
    let (good, kind) = match (get("method"), get("result"), get("error")) {
        (Some(method), None, None) => match get("id") {
            Some(value) => (
                method.is_string() && params() && id(value),
                MessageKind::Request,
            ),
            None => (method.is_string() && params(), MessageKind::Notification),
        },
        (None, Some(result), None) => (
            result.is_object() && get("id").is_some_and(id),
            MessageKind::Response,
        ),
        (None, None, Some(error)) => {
            let error = integer(&error["code"]) && error["message"].is_string();
            let id = get("id").is_some_and(|value| id(value) || value.is_null());
            (error && id, MessageKind::Error)
        }
        _ => return None,
    };
    good.then_some(kind)
}

/// The message says what the value says.
fn assert_agrees(message: &Message, value: &Value) -> Result<(), TestCaseError> {
    prop_assert_eq!(message.method(), value["method"].as_str());
    match (message.id(), &value["id"]) {
        (None, id) => prop_assert!(id.is_null()),
        (Some(RequestId::String(text)), id) => prop_assert_eq!(Some(text), id.as_str()),
        (Some(RequestId::Integer(digits)), id) => {
            // Beyond 64 bits a `Value` has a float.
            prop_assert_eq!(digits.parse::<f64>().ok(), id.as_f64());
            prop_assert!(
                digits
                    .trim_start_matches('-')
                    .bytes()
                    .all(|byte| byte.is_ascii_digit())
            );
        }
    }
    Ok(())
}

/// Pieces that a mutation puts in: what JSON is made of, and what it is not.
const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "\\u",
    "d800",
    "\\ud83d",
    "\\ude00",
    " ",
    "\n",
    "\r",
    "0",
    "-",
    "1e999",
    ".",
    "e",
    "null",
    "true",
    "NaN",
    "\"id\":1,",
    "\"jsonrpc\":\"2.0\",",
    "\"\\u0069d\"",
    "\"error\":{\"code\":1,\"message\":\"\"}",
    "\u{feff}",
    "\0",
    "ü",
    "{}",
];

fn mutated() -> impl Strategy<Value = String> {
    let change = (any::<prop::sample::Index>(), 0_usize..4, select(PIECES));
    (envelope(), prop::collection::vec(change, 0..3)).prop_map(|(value, changes)| {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        for (at, gone, piece) in changes {
            let at = at.index(chars.len() + 1);
            let end = (at + gone).min(chars.len());
            chars.splice(at..end, piece.chars());
        }
        chars.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn any_params_are_kept_byte_for_byte(params in content(), pretty: bool) {
        let value = json!({"jsonrpc": "2.0", "id": 1, "method": "m", "params": params});
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        let text = text.unwrap();
        let message = Message::parse(text.clone());
        prop_assert_eq!(message.is_ok(), params.is_object() || params.is_null());
        if let Ok(message) = message {
            prop_assert_eq!(message.as_str(), &text);
            prop_assert_eq!(message.deserialize::<Value>().unwrap(), serde_json::from_str::<Value>(&text).unwrap());
        }
    }

    #[test]
    fn an_envelope_is_taken_if_and_only_if_the_rules_say_so(value in envelope()) {
        let text = value.to_string();
        let message = Message::parse(text.clone());
        prop_assert_eq!(message.as_ref().ok().map(Message::kind), kind_of(&value), "{}", text);
        if let Ok(message) = message {
            prop_assert_eq!(message.as_str(), &text);
            assert_agrees(&message, &value)?;
        }
    }

    #[test]
    fn what_is_taken_is_json_and_means_the_same_to_serde_json(text in mutated()) {
        let Ok(message) = Message::parse(text.clone()) else { return Ok(()) };
        prop_assert_eq!(message.as_str(), &text);
        match serde_json::from_str::<Value>(&text) {
            Ok(value) => {
                assert_agrees(&message, &value)?;
                let big = matches!(message.id(), Some(RequestId::Integer(_)) if value["id"].is_f64())
                    || value["error"]["code"].is_f64();
                if !big {
                    prop_assert_eq!(Some(message.kind()), kind_of(&value), "{}", text);
                }
            }
            Err(error) => {
                let error = error.to_string();
                let allowed = ["number out of range", "recursion limit exceeded"];
                prop_assert!(allowed.iter().any(|allowed| error.starts_with(allowed)), "{error}: {text}");
            }
        }
    }

    #[test]
    fn a_message_that_was_refused_is_refused_at_a_place_in_it(text in mutated()) {
        if let Err(error) = Message::parse(text.clone()) {
            prop_assert!(error.offset().is_none_or(|at| at <= text.len()), "{error}: {text}");
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Message::parse(bytes).is_err());
    }

    #[test]
    fn arbitrary_bytes_in_an_object_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let text = [br#"{"jsonrpc":"2.0","method":""#, &bytes[..], b"\"}"].concat();
        if let Ok(message) = Message::parse(text.clone()) {
            prop_assert_eq!(message.as_bytes(), &text);
        }
    }
}
