//! How much memory a message takes when it is read into values, found without reading it.

/// What a text of JSON has outside of its strings. None of the counts is too small.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Values {
    text: usize,
    /// Everything that becomes a value of its own: objects, arrays, strings, numbers and literals.
    all: usize,
    members: usize,
    objects: usize,
}

/// The bytes that a value takes at most while it is read. `tests/memory` compares them with what the
/// allocator counts.
struct Cost {
    value: usize,
    member: usize,
    object: usize,
}

/// 32 bytes, or 72 if any crate of the program turns on serde_json's `preserve_order`.
const VALUE: usize = size_of::<serde_json::Value>();
/// The bytes of the larger value.
const MORE: usize = VALUE - 32;

/// Read into its type at once: a value is stored once, in a list that doubles when it grows.
const DIRECT: Cost = Cost {
    value: 3 * VALUE,
    member: 64 + 2 * MORE,
    object: 660,
};

/// rmcp's own way: values are kept in a buffer of serde, from which each type is tried.
const GENERAL: Cost = Cost {
    value: 300 + 3 * MORE,
    member: 160 + 2 * MORE,
    object: 660,
};

impl Values {
    /// Counts the values of a text, which must be JSON.
    pub(crate) fn count(text: &[u8]) -> Self {
        let mut counted = Self {
            text: text.len(),
            all: 1,
            ..Self::default()
        };
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            at += 1;
            match byte {
                b'"' => at = end_of_string(text, at),
                b',' | b'[' => counted.all += 1,
                b'{' => {
                    counted.all += 1;
                    counted.objects += 1;
                }
                b':' => counted.members += 1,
                _ => {}
            }
        }
        counted
    }

    /// The weight of a message that is read into its type at once.
    pub(crate) fn direct(&self) -> usize {
        self.weight(&DIRECT)
    }

    /// The weight of a message that rmcp finds the type of.
    pub(crate) fn general(&self) -> usize {
        self.weight(&GENERAL)
    }

    fn weight(&self, cost: &Cost) -> usize {
        [
            (self.all, cost.value),
            (self.members, cost.member),
            (self.objects, cost.object),
        ]
        .iter()
        .fold(self.text, |sum, (count, cost)| {
            sum.saturating_add(count.saturating_mul(*cost))
        })
    }
}

/// The index behind the quote that ends the string which begins at `start`.
fn end_of_string(text: &[u8], start: usize) -> usize {
    let mut at = start;
    while let Some(len) = memchr::memchr(b'"', &text[at..]) {
        let inside = &text[start..at + len];
        let backslashes = inside.iter().rev().take_while(|byte| **byte == b'\\');
        at += len + 1;
        if backslashes.count() % 2 == 0 {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    /// The counts of a value, found by walking through it.
    fn walk(value: &Value, counted: &mut Values) {
        counted.all += 1;
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, counted)),
            Value::Object(members) => {
                counted.objects += 1;
                counted.members += members.len();
                members.values().for_each(|member| walk(member, counted));
            }
            _ => {}
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            r#"["\\,:\[{}x\n]{0,9}"#.prop_map(Value::from),
        ];
        scalar.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((r#"["\\,:\[{}x]{0,4}"#, inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_value_is_missed_and_few_are_counted_twice(value in value()) {
            let mut walked = Values::default();
            walk(&value, &mut walked);
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                let counted = Values::count(text.as_bytes());
                prop_assert_eq!(counted.objects, walked.objects);
                prop_assert_eq!(counted.members, walked.members);
                prop_assert!(counted.all >= walked.all);
                // An empty list counts like a list of one.
                prop_assert!(counted.all <= 2 * walked.all);
            }
        }
    }

    #[test]
    fn strings_weigh_their_bytes_alone() {
        for text in [
            "{\"a\":[1,2]},",
            "\\",
            "\"",
            "\\\"",
            "\\\\,",
            ",,,,{{{{[[[[::::\n",
        ] {
            let many = json!(text.repeat(100)).to_string();
            let counted = Values::count(many.as_bytes());
            assert_eq!(
                (counted.all, counted.members, counted.objects),
                (1, 0, 0),
                "{text}"
            );
            assert_eq!(counted.direct(), many.len() + DIRECT.value);
        }
    }

    #[test]
    fn a_text_that_breaks_off_in_a_string_is_counted_to_its_end() {
        for text in [r#"[""#, r#"["\"#, r#"["\""#, r#"["x"#] {
            assert_eq!(Values::count(text.as_bytes()).all, 2, "{text}");
        }
    }
}
