//! Values that serde writes.

use proptest::prelude::*;
use serde_json::{Value, value::RawValue};

use crate::message::{OwnedRequestId, RequestId};

pub(super) fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "id",
        "result",
        "a",
        "\"",
        "\\",
        "\\ud800",
        "\n",
        "\r\n",
        "\t",
        "\u{0}",
        "ü",
        "😀",
        "\u{85}",
        "\u{2028}",
        "\u{2029}",
        "a piece of text that is longer than a word",
    ]);
    prop::collection::vec(pieces, 0..5).prop_map(|pieces| pieces.concat())
}

/// Any JSON, as people and programs write it.
pub(super) fn raw() -> impl Strategy<Value = Box<RawValue>> {
    let text = prop_oneof![
        4 => json_value().prop_map(|value| serde_json::to_string_pretty(&value).unwrap()),
        2 => json_value().prop_map(|value| value.to_string()),
        4 => prop::sample::select(vec![
            "{\"a\":\r\n1}", "{ \t}", "{\"a\":[\n1e400,\r-0.0]}", "{\"\\u0061\\ud83d\\ude00\":\"\u{2028}\"}",
            "99999999999999999999", "null", "{\"id\":1,\"id\":2}",
        ]).prop_map(str::to_owned),
    ];
    text.prop_map(|text| RawValue::from_string(text).unwrap())
}

pub(super) fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(text(), inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// An object that serde writes, with a `RawValue` in it.
#[derive(serde::Serialize)]
pub(super) struct Object<'a> {
    pub(super) jsonrpc: &'a Value,
    pub(super) raw: &'a RawValue,
    pub(super) id: &'a Value,
}

pub(super) fn id() -> impl Strategy<Value = OwnedRequestId> {
    prop_oneof![
        any::<i64>().prop_map(OwnedRequestId::from),
        any::<u64>().prop_map(OwnedRequestId::from),
        text().prop_map(OwnedRequestId::from),
        "-?[1-9][0-9]{0,40}".prop_map(|digits| RequestId::Integer(&digits).into()),
        Just(RequestId::Integer("-0").into()),
    ]
}

/// An object with members in this order, also with one name twice.
pub(super) struct Ordered<'a>(pub(super) Vec<(&'a str, Part<'a>)>);

#[derive(serde::Serialize)]
#[serde(untagged)]
pub(super) enum Part<'a> {
    Value(&'a Value),
    Raw(&'a RawValue),
}

impl serde::Serialize for Ordered<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, part)| (name, part)))
    }
}
