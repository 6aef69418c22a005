use std::{cmp::Ordering, fmt, hash, io::Write as _};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::id::RequestId;

/// A [`RequestId`] that owns its text: an id to keep, and a key of a map.
///
/// It is equal to a `RequestId` with the same text, so `0` and `-0` differ, as `1` and `"1"` do. The order
/// is by number for integers, and then by text for strings. Integers of 64 bits and strings of up to 22
/// bytes need no memory of their own.
///
/// `Display` writes the id as JSON. `Deserialize` reads a string or an integer of 64 bits, as it is in the
/// params of `notifications/cancelled`.
///
/// ```
/// use std::collections::HashMap;
/// use mcp_sse_server::{Message, message::OwnedRequestId};
///
/// #[derive(serde::Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Cancelled {
///     request_id: OwnedRequestId,
/// }
///
/// let call = Message::parse(r#"{"jsonrpc":"2.0","id":7,"method":"tools/call"}"#)?;
/// let mut open = HashMap::new();
/// open.insert(OwnedRequestId::from(call.id().unwrap()), "a task");
///
/// let cancelled = Message::parse(
///     r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}"#,
/// )?;
/// let cancelled: Cancelled = cancelled.as_notification().unwrap().params()?;
/// assert_eq!(open.remove(&cancelled.request_id), Some("a task"));
/// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
/// ```
#[derive(Clone)]
pub struct OwnedRequestId(Repr);

#[derive(Clone)]
enum Repr {
    Integer(Short),
    String(Short),
    LongInteger(Box<str>),
    LongString(Box<str>),
}

/// A text of at most 22 bytes, so that an id takes the place of three words.
#[derive(Clone, Copy)]
struct Short {
    len: u8,
    bytes: [u8; 22],
}

impl Short {
    fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; 22];
        bytes
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).ok()?;
        Some(Self { len, bytes })
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).expect("made of a text")
    }
}

impl OwnedRequestId {
    /// The id, borrowed. A method, because the trait `AsRef` returns a reference.
    pub fn as_ref(&self) -> RequestId<'_> {
        match &self.0 {
            Repr::Integer(digits) => RequestId::Integer(digits.as_str()),
            Repr::LongInteger(digits) => RequestId::Integer(digits),
            Repr::String(text) => RequestId::String(text.as_str()),
            Repr::LongString(text) => RequestId::String(text),
        }
    }

    /// The bytes of memory that it takes.
    pub(crate) fn weight(&self) -> usize {
        let long = match &self.0 {
            Repr::Integer(_) | Repr::String(_) => 0,
            Repr::LongInteger(text) | Repr::LongString(text) => text.len(),
        };
        size_of::<Self>() + long
    }
}

impl From<RequestId<'_>> for OwnedRequestId {
    fn from(id: RequestId<'_>) -> Self {
        Self(match id {
            RequestId::Integer(digits) => match Short::new(digits) {
                Some(short) => Repr::Integer(short),
                None => Repr::LongInteger(digits.into()),
            },
            RequestId::String(text) => match Short::new(text) {
                Some(short) => Repr::String(short),
                None => Repr::LongString(text.into()),
            },
        })
    }
}

impl From<&Self> for OwnedRequestId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

/// A string.
impl From<&str> for OwnedRequestId {
    fn from(text: &str) -> Self {
        RequestId::String(text).into()
    }
}

/// A string.
impl From<String> for OwnedRequestId {
    fn from(text: String) -> Self {
        match Short::new(&text) {
            Some(short) => Self(Repr::String(short)),
            None => Self(Repr::LongString(text.into())),
        }
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        impl From<$integer> for OwnedRequestId {
            fn from(integer: $integer) -> Self {
                let mut digits = Short { len: 0, bytes: [0; 22] };
                let mut rest = &mut digits.bytes[..];
                write!(rest, "{integer}").expect("at most 20 characters");
                digits.len = 22 - rest.len() as u8;
                Self(Repr::Integer(digits))
            }
        }
    )*};
}

from_integer!(i32, u32, i64, u64);

impl PartialEq for OwnedRequestId {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl Eq for OwnedRequestId {}

impl PartialEq<RequestId<'_>> for OwnedRequestId {
    fn eq(&self, other: &RequestId<'_>) -> bool {
        // Bytes, because a short text would be checked to be UTF-8 again.
        let (own, other) = match (&self.0, other) {
            (Repr::Integer(own), RequestId::Integer(other))
            | (Repr::String(own), RequestId::String(other)) => (own.as_bytes(), other),
            (Repr::LongInteger(own), RequestId::Integer(other))
            | (Repr::LongString(own), RequestId::String(other)) => (own.as_bytes(), other),
            _ => return false,
        };
        own == other.as_bytes()
    }
}

impl PartialEq<OwnedRequestId> for RequestId<'_> {
    fn eq(&self, other: &OwnedRequestId) -> bool {
        *self == other.as_ref()
    }
}

impl hash::Hash for OwnedRequestId {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl Ord for OwnedRequestId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_ref().cmp(&other.as_ref())
    }
}

impl PartialOrd for OwnedRequestId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for OwnedRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_ref().fmt(f)
    }
}

/// Writes JSON: digits, or a string in quotes.
impl fmt::Display for OwnedRequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.as_ref(), f)
    }
}

/// As [`RequestId`] does.
impl Serialize for OwnedRequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for OwnedRequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Visitor)
    }
}

struct Visitor;

impl de::Visitor<'_> for Visitor {
    type Value = OwnedRequestId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an integer of 64 bits")
    }

    fn visit_i64<E>(self, integer: i64) -> Result<OwnedRequestId, E> {
        Ok(integer.into())
    }

    fn visit_u64<E>(self, integer: u64) -> Result<OwnedRequestId, E> {
        Ok(integer.into())
    }

    fn visit_str<E>(self, text: &str) -> Result<OwnedRequestId, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> Result<OwnedRequestId, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeSet, HashMap};

    use super::*;

    const LONG: &str = "a string of more than twenty-two bytes";
    const HUGE: &str = "-123456789012345678901234567890";

    #[test]
    fn an_id_is_kept_as_its_text_whatever_its_size() {
        let long = ["x".repeat(22), "ü".repeat(11), "x".repeat(23)];
        let texts = ["", "1", "a\"b", LONG, &long[0], &long[1], &long[2]];
        let digits = ["0", "-0", "7", "9223372036854775808", HUGE];
        let strings = texts.map(RequestId::String);
        for id in strings.into_iter().chain(digits.map(RequestId::Integer)) {
            let owned = OwnedRequestId::from(id);
            assert_eq!(owned.as_ref(), id);
            assert_eq!(owned, id);
            assert_eq!(id, owned);
            assert_eq!(owned.to_string(), id.to_string());
            assert_eq!(format!("{owned:?}"), format!("{id:?}"));
            assert_eq!(OwnedRequestId::from(&owned), owned);
        }
        assert_eq!(size_of::<OwnedRequestId>(), 3 * size_of::<usize>());
    }

    #[test]
    fn ids_of_two_types_or_two_texts_are_two_keys() {
        let ids = [
            RequestId::Integer("1"),
            RequestId::String("1"),
            RequestId::Integer("0"),
            RequestId::Integer("-0"),
        ];
        let map: HashMap<OwnedRequestId, usize> =
            (0..).zip(ids).map(|(n, id)| (id.into(), n)).collect();
        assert_eq!(map.len(), ids.len());
        for (n, id) in ids.into_iter().enumerate() {
            assert_eq!(map[&id.into()], n);
        }
        assert_eq!(map[&1.into()], 0);
        assert_eq!(map[&"1".into()], 1);
    }

    #[test]
    fn integers_are_ordered_by_number_and_come_before_strings() {
        let integers = [
            HUGE,
            "-10",
            "-9",
            "-1",
            "-0",
            "0",
            "2",
            "10",
            "123456789012345678901",
        ];
        let strings = ["", "1", LONG, "b"];
        let sorted: Vec<OwnedRequestId> = integers
            .map(RequestId::Integer)
            .into_iter()
            .chain(strings.map(RequestId::String))
            .map(OwnedRequestId::from)
            .collect();
        let set: BTreeSet<_> = sorted.iter().rev().cloned().collect();
        assert_eq!(Vec::from_iter(set), sorted);
    }

    #[test]
    fn an_id_is_read_from_json_and_written_as_json() {
        for json in ["7", "-7", "0", "18446744073709551615", r#""a\nb""#] {
            let id: OwnedRequestId = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&id).unwrap(), json);
            assert_eq!(id.to_string(), json);
        }
        for json in ["null", "1.5", "true", "{}", "99999999999999999999"] {
            let error = serde_json::from_str::<OwnedRequestId>(json).unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("a string or an integer of 64 bits")
            );
        }
    }
}
