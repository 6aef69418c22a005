//! Reading JSON text without building values: the members of an object, by name, as raw text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Error, value::RawValue};

/// The members of an object that go by one of `N` names, in the order of the names.
pub(super) struct Members<'a, const N: usize> {
    pub(super) values: [Option<&'a RawValue>; N],
    /// The index of the first name that came twice, and where its second value stands.
    pub(super) duplicate: Option<(usize, &'a RawValue)>,
}

/// Reads the object that `json` is. What stands inside a value is checked by serde_json's iterative
/// skipper, so the depth of it costs no stack.
pub(super) fn members<'a, const N: usize>(
    json: &'a str,
    names: &[&str; N],
) -> Result<Members<'a, N>, Error> {
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let members = deserializer.deserialize_map(MembersVisitor { names })?;
    deserializer.end()?;
    Ok(members)
}

/// The byte at which `part` starts in the text that it was cut from.
pub(super) fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// The byte that a serde_json error points at. It counts lines and columns from 1.
pub(super) fn error_offset(text: &str, error: &Error) -> usize {
    let line_start = match error.line() {
        0 | 1 => 0,
        line => memchr::memchr_iter(b'\n', text.as_bytes())
            .nth(line - 2)
            .map_or(0, |newline| newline + 1),
    };
    (line_start + error.column().saturating_sub(1)).min(text.len())
}

/// The first `\u` escape in valid JSON that is half of a surrogate pair. serde_json looks at this
/// only in strings that it turns into Rust ones.
pub(super) fn lone_surrogate(json: &str) -> Option<usize> {
    let bytes = json.as_bytes();
    let unit = |at: usize| -> Option<u16> {
        let escape = json.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'\\', &bytes[from..]) {
        let at = from + found;
        from = match unit(at) {
            // Any other escape is a backslash and one character.
            None => at + 2,
            Some(0xD800..=0xDBFF) if matches!(unit(at + 6), Some(0xDC00..=0xDFFF)) => at + 12,
            Some(0xD800..=0xDFFF) => return Some(at),
            Some(_) => at + 6,
        };
    }
    None
}

struct MembersVisitor<'n, const N: usize> {
    names: &'n [&'n str; N],
}

impl<'de, const N: usize> Visitor<'de> for MembersVisitor<'_, N> {
    type Value = Members<'de, N>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = [None; N];
        let mut duplicate = None;
        while let Some(name) = map.next_key_seed(NameSeed { names: self.names })? {
            let Some(index) = name else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value: &RawValue = map.next_value()?;
            if values[index].replace(value).is_some() {
                duplicate.get_or_insert((index, value));
            }
        }
        Ok(Members { values, duplicate })
    }
}

/// Reads a key, escapes included, as the index of its name.
struct NameSeed<'n, const N: usize> {
    names: &'n [&'n str; N],
}

impl<'de, const N: usize> DeserializeSeed<'de> for NameSeed<'_, N> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<const N: usize> Visitor<'_> for NameSeed<'_, N> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.names.iter().position(|name| *name == key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_by_name_whatever_their_spelling() {
        let found = members(r#"{"x":1,"\u0061":[2],"b":null}"#, &["a", "b", "c"]).unwrap();
        let texts = found.values.map(|value| value.map(RawValue::get));
        assert_eq!(texts, [Some("[2]"), Some("null"), None]);
        assert!(found.duplicate.is_none());
    }

    #[test]
    fn the_first_member_given_twice_is_reported() {
        let text = r#"{"a":1,"b":2,"b":3,"a":4}"#;
        let (index, value) = members(text, &["a", "b"]).unwrap().duplicate.unwrap();
        assert_eq!(
            (index, value.get(), offset(text, value.get())),
            (1, "3", 17)
        );
    }

    #[test]
    fn an_error_points_at_its_byte_on_any_line() {
        for (text, at) in [("{,", 1), ("{\n,", 2), ("{\n\n  ,", 5), ("", 0), ("{", 0)] {
            let error = members(text, &["a"]).err().unwrap();
            assert_eq!(error_offset(text, &error), at, "{text:?}: {error}");
        }
    }

    #[test]
    fn halves_of_surrogate_pairs_are_found() {
        for (json, at) in [
            (r#""\ud83d\ude00""#, None),
            (r#""\uD83D\uDE00\u0041\n\\""#, None),
            (r#""\\ud83d""#, None),
            (r#""\ud83d""#, Some(1)),
            (r#""\ude00""#, Some(1)),
            (r#""a\ud83d\u0041""#, Some(2)),
            (r#""\ud83d\ud83d\ude00""#, Some(1)),
            (r#""\ud83d\\ude00""#, Some(1)),
            (r#""\ude00\ud83d""#, Some(1)),
        ] {
            assert_eq!(lone_surrogate(json), at, "{json}");
        }
    }
}
