use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor},
};

use super::{id::RequestId, owned_id::OwnedRequestId};

/// The string or the integer at a path of members. `None` if there is none. Nothing else is kept, so that a
/// large text costs no memory.
pub(super) fn field(text: &[u8], path: &[&str]) -> Option<OwnedRequestId> {
    let mut json = serde_json::Deserializer::from_slice(text);
    Field { path }.deserialize(&mut json).ok()?
}

struct Field<'p> {
    path: &'p [&'p str],
}

impl<'de> DeserializeSeed<'de> for Field<'_> {
    type Value = Option<OwnedRequestId>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Field<'_> {
    type Value = Option<OwnedRequestId>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.path {
            [] => "a string or an integer",
            [..] => "an object",
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((first, rest)) = self.path.split_first() else {
            return Err(A::Error::custom("not a scalar"));
        };
        let mut found = None;
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if name == *first {
                found = map.next_value_seed(Field { path: rest })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        self.scalar(RequestId::String(text))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        self.scalar(RequestId::Integer(&number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        self.scalar(RequestId::Integer(&number.to_string()))
    }
}

impl Field<'_> {
    fn scalar<E: Error>(&self, value: RequestId<'_>) -> Result<Option<OwnedRequestId>, E> {
        match self.path {
            [] => Ok(Some(value.into())),
            [..] => Err(E::custom("not an object")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_string_or_integer_at_a_path_is_found_and_nothing_else() {
        let id = |text: &str| field(text.as_bytes(), &["params", "requestId"]);
        let cancelled = |id: &str| format!(r#"{{"a":[{{}}],"params":{{"b":1,"requestId":{id}}}}}"#);
        assert_eq!(id(&cancelled("7")), Some(RequestId::Integer("7").into()));
        assert_eq!(id(&cancelled("-7")), Some(RequestId::Integer("-7").into()));
        assert_eq!(
            id(&cancelled(r#""a\u0062""#)),
            Some(RequestId::String("ab").into())
        );
        for none in ["null", "true", "1.5", "[]", "{}", "[[1]]"] {
            assert_eq!(id(&cancelled(none)), None, "{none}");
        }
        for none in [
            "{}",
            r#"{"params":7}"#,
            r#"{"params":[]}"#,
            r#"{"requestId":7}"#,
        ] {
            assert_eq!(id(none), None, "{none}");
        }
    }
}
