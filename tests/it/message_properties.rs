//! `Message::parse` against serde_json's reading of the same text.

use mcp_sse_server::Message;
use proptest::{prelude::*, sample::select};
use serde_json::{Map, Value, json};

use mcp_sse_testkit::message_oracle::compare;

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

/// An object most of the time.
fn content() -> impl Strategy<Value = Value> {
    let object = prop::collection::hash_map(any::<String>(), any_json(), 0..4)
        .prop_map(|map| Value::Object(map.into_iter().collect()));
    prop_oneof![6 => object, 1 => Just(Value::Null), 1 => any_json()]
}

/// An object with the members of an envelope. Each member is valid most of the time.
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

/// Pieces that a mutation inserts: tokens of JSON, and texts that are not JSON.
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
    "\"message\":\"\",",
    "\"c\\u006fde\":1,",
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

/// Pieces of a string, some of them invalid.
fn string_pieces() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        40 => select(vec![
            "a long piece of text", "and another one that is longer than the first", "\\n", "\\\"", "\\t",
            "\\\\", "\\u00e4", "\\/", "ü", "😀", "x", "\\ud83d\\ude00",
        ]),
        1 => select(vec!["\"", "\\", "\u{1}", "\n", "\\x", "\\ud83d", "\\udead", "\\u12"]),
    ];
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

/// Nested arrays and objects, all closed.
fn nested() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<bool>(), 0..300).prop_map(|levels| {
        let open = |is_object: &bool| if *is_object { r#"{"a":"# } else { "[" };
        let close = |is_object: &bool| if *is_object { "}" } else { ",0]" };
        let opened: String = levels.iter().map(open).collect();
        let closed: String = levels.iter().rev().map(close).collect();
        opened + "1" + &closed
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

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
    fn envelopes_are_read_as_serde_json_reads_them(value in envelope(), pretty: bool) {
        let text = if pretty { serde_json::to_vec_pretty(&value) } else { serde_json::to_vec(&value) };
        compare(&text.unwrap());
    }

    #[test]
    fn mutated_envelopes_are_read_as_serde_json_reads_them(text in mutated()) {
        compare(text.as_bytes());
    }

    #[test]
    fn pieces_are_read_as_serde_json_reads_them(pieces in prop::collection::vec(select(PIECES), 0..12)) {
        let pieces = pieces.concat();
        for text in [
            pieces.clone(),
            format!(r#"{{"jsonrpc":"2.0","method":"m","params":{{"x":{pieces}}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{pieces},"method":"m"}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{}},"x":{pieces}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{{pieces}}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"error":{{{pieces}"code":1,"message":""}}}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":"m"{pieces}}}"#),
            format!(r#"{{{pieces}"jsonrpc":"2.0","method":"m"}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":"m","{pieces}":1}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":"m"}}{pieces}"#),
        ] {
            compare(text.as_bytes());
        }
    }

    #[test]
    fn strings_are_read_as_serde_json_reads_them(string in string_pieces()) {
        let space = " ".repeat(200);
        for text in [
            format!(r#"{{"jsonrpc":"2.0","method":"m","params":{{"x":"{string}"}}}}"#),
            format!("{{\"jsonrpc\":\"2.0\",\n\"method\":\"m\",\"params\":{{\"{string}\":1}}}}"),
            // The string ends inside a block of bytes that is read at once.
            format!(r#"{{"jsonrpc":"2.0","method":"m","params":{{"x":"{string}"}}}}{space}"#),
            format!(r#"{{"jsonrpc":"2.0","id":"{string}","method":"{string}"}}"#),
            format!(r#"{{"{string}":0,"jsonrpc":"2.0","id":1,"error":{{"code":1,"message":"{string}"}}}}"#),
        ] {
            compare(text.as_bytes());
        }
    }

    #[test]
    fn nested_texts_are_read_as_serde_json_reads_them(
        mut value in nested(),
        change in prop::option::of((any::<prop::sample::Index>(), select(PIECES))),
    ) {
        if let Some((at, piece)) = change {
            let at = at.index(value.len());
            value.replace_range(at..=at, piece);
        }
        for text in [
            format!(r#"{{"jsonrpc":"2.0","method":"m","x":{value}}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":1,"result":{value}}}"#),
        ] {
            compare(text.as_bytes());
        }
    }

    #[test]
    fn each_changed_byte_is_read_as_serde_json_reads_it(
        text in select(vec![
            r#"{"jsonrpc":"2.0","id":-10,"method":"m","params":{"a":[1.5e-2,"\u00e4\n",true,null]}}"#,
            "{\"jsonrpc\":\"2.0\",\n\"i\\u0064\":\"ü\\ud83d\\ude00\",\"error\":{\"code\":-0,\"message\":\"\",\"x\":false}}",
        ]),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut text = text.as_bytes().to_vec();
        let at = at.index(text.len());
        text[at] = byte;
        compare(&text);
        text.insert(at, byte);
        compare(&text);
        text.truncate(at);
        compare(&text);
    }

    #[test]
    fn any_bytes_are_read_as_serde_json_reads_them(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        compare(&bytes);
        compare(&[br#"{"jsonrpc":"2.0","method":""#, &bytes[..], b"\"}"].concat());
    }
}
