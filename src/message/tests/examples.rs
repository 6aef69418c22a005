//! Single values, and what is written for each.

use serde_json::{Value, json, value::RawValue};

use crate::message::*;

#[test]
fn half_of_a_surrogate_pair_is_found_in_what_a_raw_value_writes() {
    for text in [r#"{"a":"\ud83d"}"#, r#"{"\uDE00":1}"#] {
        let raw = RawValue::from_string(text.to_owned()).unwrap();
        let error = Message::response(1, &raw).unwrap_err();
        assert_eq!(error.kind(), InvalidMessageKind::LoneSurrogate);
        let whole = json!({"jsonrpc": "2.0", "id": 1}).to_string();
        let whole = whole.replace('}', &format!(",\"result\":{text}}}"));
        let error = Message::new(&RawValue::from_string(whole).unwrap()).unwrap_err();
        assert_eq!(error.kind(), InvalidMessageKind::LoneSurrogate);
    }
}

#[test]
fn params_that_are_written_as_null_are_left_out() {
    for message in [
        Message::notification("m", &()),
        Message::notification("m", &None::<&str>),
        Message::notification("m", &Value::Null),
    ] {
        assert_eq!(
            message.unwrap().as_str(),
            r#"{"jsonrpc":"2.0","method":"m"}"#
        );
    }
}

#[test]
fn a_value_that_is_no_message_is_refused_with_the_rule_and_the_place() {
    #[rustfmt::skip]
    let refused = [
        (Message::response(1, &json!([1])), "`result` must be an object, found an array (at byte 33)"),
        (Message::response(1, &()), "`result` must be an object, found null (at byte 33)"),
        (Message::request("a", "m", "x"), "`params` must be an object, null or absent, found a string (at byte 48)"),
        (Message::notification("m", &1.5), "`params` must be an object, null or absent, found a number with a fraction or an exponent (at byte 39)"),
        (Message::response(RequestId::Integer("1\n"), &json!({})), "`id` must be a string or an integer, or null in an error, an integer is decimal digits after an optional minus sign"),
        (Message::new(&json!({"jsonrpc": "2.0", "id": 1})), "a message has exactly one of `method`, `result` and `error`"),
        (Message::new(&7), "a message must be an object, found an integer (at byte 0)"),
        (Message::new(&std::collections::HashMap::from([((1, 2), 3)])), "the value cannot be written as JSON"),
    ];
    for (message, words) in refused {
        assert_eq!(message.unwrap_err().to_string(), words);
    }
    for integer in ["", "-", "01", "-01", "1.0", "1e3", "+1", " 1", "null"] {
        assert!(
            Message::response(RequestId::Integer(integer), &json!({})).is_err(),
            "{integer}"
        );
    }
}

/// Each shape of serde's data model, with strings that need escapes.
#[derive(serde::Serialize)]
struct Shapes<'a> {
    #[serde(rename = "na\"me")]
    named: Named,
    scalars: (bool, i8, u16, i64, u64, i128, u128, f32, f64, char, ()),
    texts: [Option<&'a str>; 3],
    variants: Vec<Variant<'a>>,
    nested: Result<Newtype<'a>, ()>,
    numbers: std::collections::BTreeMap<i32, &'a str>,
    chars: std::collections::BTreeMap<char, Vec<u8>>,
    shown: Shown,
    #[serde(flatten)]
    flat: std::collections::BTreeMap<&'a str, Value>,
    raw: &'a RawValue,
    bytes: Bytes,
}

#[derive(serde::Serialize)]
struct Named;

#[derive(serde::Serialize)]
struct Newtype<'a>(&'a str);

#[derive(serde::Serialize)]
enum Variant<'a> {
    Unit,
    Newtype(&'a str),
    Tuple(&'a str, Newtype<'a>),
    Struct { text: &'a str },
}

struct Shown;

impl serde::Serialize for Shown {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(serializer.is_human_readable());
        serializer.collect_str(&format_args!("sho\"{}", 7))
    }
}

struct Bytes;

impl serde::Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(b"\"\\")
    }
}

#[test]
fn each_shape_is_written_as_serde_json_does() {
    let long = "a long text \n with escapes \u{1} ".repeat(20);
    let raw = RawValue::from_string("{\"id\" : [1e400]}".to_owned()).unwrap();
    let shapes = Shapes {
        named: Named,
        scalars: (true, -1, 2, -3, 4, -5, 6, 0.5, 1e300, '"', ()),
        texts: [Some("\\"), None, Some(&long)],
        variants: vec![
            Variant::Unit,
            Variant::Newtype(&long),
            Variant::Tuple("\t", Newtype(&long)),
            Variant::Struct { text: &long },
        ],
        nested: Ok(Newtype("\"")),
        numbers: [(-1, "\r"), (2, "")].into(),
        chars: [('\\', vec![1, 2])].into(),
        shown: Shown,
        flat: [("flat\n", json!(["\u{8}", 1.5]))].into(),
        raw: &raw,
        bytes: Bytes,
    };
    let written = Message::notification("m", &shapes).unwrap();
    let json = serde_json::to_string(&shapes).unwrap();
    let text = format!(r#"{{"jsonrpc":"2.0","method":"m","params":{json}}}"#);
    assert_eq!(written.as_str(), text);
    assert_eq!(written.envelope(), Message::parse(text).unwrap().envelope());
}
