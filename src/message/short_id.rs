use std::{num::NonZeroU64, ops::Range};

use super::{id::RequestId, owned_id::OwnedRequestId};

/// An id of at most 7 bytes as one number: the bytes, and in the highest byte their count and the type. Nearly
/// all ids are short.
///
/// Unlike in [`RequestId`], `-0` is equal to `0`: a handler that reads the id as a number answers with `0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShortId(NonZeroU64);

const LEN: usize = size_of::<u64>();
const ZERO: u64 = ShortId::INTEGER | 1 << 56 | b'0' as u64;
const MINUS_ZERO: u64 = ShortId::INTEGER | 2 << 56 | u16::from_le_bytes(*b"-0") as u64;

impl ShortId {
    pub(super) const INTEGER: u64 = 0x10 << 56;
    pub(super) const STRING: u64 = 0x20 << 56;

    /// The id at a place of a message, of kind `INTEGER` or `STRING`. The place of a string excludes its quotes.
    /// `None` if the id is not short.
    #[inline]
    pub(super) fn at(message: &[u8], place: &Range<usize>, kind: u64) -> Option<Self> {
        let len = place.end - place.start;
        if len >= LEN {
            return None;
        }
        // Reads 8 bytes at once, if the message has that many after `start`.
        let bytes = match message.get(place.start..).and_then(<[u8]>::first_chunk) {
            Some(bytes) => u64::from_le_bytes(*bytes),
            None => at_the_end(&message[place.clone()]),
        };
        let bytes = bytes & !(u64::MAX << (8 * len));
        NonZeroU64::new(match kind | (len as u64) << 56 | bytes {
            MINUS_ZERO => ZERO,
            id => id,
        })
        .map(Self)
    }

    /// `None` if it is not short.
    pub(crate) fn of(id: RequestId<'_>) -> Option<Self> {
        let (RequestId::Integer(text) | RequestId::String(text)) = id;
        let mut padded = [0; LEN];
        padded
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        let place = 0..text.len();
        match id {
            RequestId::Integer(_) => Self::at(&padded, &place, Self::INTEGER),
            RequestId::String(_) => Self::at(&padded, &place, Self::STRING),
        }
    }

    /// A number that no other id has. Never 0, and never all ones.
    pub(crate) fn get(self) -> u64 {
        self.0.get()
    }

    /// The id with this number.
    pub(crate) fn new(number: u64) -> Option<Self> {
        NonZeroU64::new(number).map(Self)
    }
}

#[cold]
fn at_the_end(bytes: &[u8]) -> u64 {
    let more = |number, byte: &u8| number << 8 | u64::from(*byte);
    bytes.iter().rfold(0, more)
}

impl From<ShortId> for OwnedRequestId {
    fn from(id: ShortId) -> Self {
        let bytes = id.get().to_le_bytes();
        let len = usize::from(bytes[LEN - 1] & 0xf);
        let text = std::str::from_utf8(&bytes[..len]).expect("made of a text");
        match id.get() & ShortId::STRING {
            0 => RequestId::Integer(text).into(),
            _ => RequestId::String(text).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::Message;

    /// Messages with an id, each at another place.
    fn messages(json: &str) -> [Message; 4] {
        [
            format!(r#"{{"id":{json},"jsonrpc":"2.0","method":"m"}}"#),
            format!(r#"{{"jsonrpc":"2.0","id":{json},"method":"m"}}"#),
            format!(r#"{{"jsonrpc":"2.0","method":"m","id":{json}}}"#),
            format!(r#"{{"jsonrpc":"2.0","result":{{}},"id":{json}}}"#),
        ]
        .map(|text| Message::parse(text).unwrap())
    }

    fn short(json: &str) -> Option<ShortId> {
        let messages = messages(json);
        let ids = messages.each_ref().map(Message::short_id);
        assert!(ids.iter().all(|id| *id == ids[0]), "{json}: {ids:?}");
        assert_eq!(messages[0].id().and_then(ShortId::of), ids[0], "{json}");
        ids[0]
    }

    #[test]
    fn up_to_7_bytes_are_short() {
        for json in ["1234567", r#""1234567""#, r#""""#, "-1", "0"] {
            assert!(short(json).is_some(), "{json}");
        }
        assert_eq!(short("12345678"), None);
        assert_eq!(short(r#""12345678""#), None);
    }

    #[test]
    fn minus_zero_is_zero_but_no_string() {
        assert_eq!(short("-0"), short("0"));
        assert_ne!(short(r#""-0""#), short(r#""0""#));
        assert_ne!(short(r#""0""#), short("0"));
    }

    #[test]
    fn a_string_may_contain_nul() {
        assert_ne!(short(r#""a""#), short(r#""a\u0000""#));
        let nul = OwnedRequestId::from(short(r#""a\u0000""#).unwrap());
        assert_eq!(nul.as_ref(), RequestId::String("a\0"));
    }

    fn id() -> impl Strategy<Value = String> {
        prop_oneof![
            (-1000_i64..1000).prop_map(|id| id.to_string()),
            any::<i64>().prop_map(|id| id.to_string()),
            "[a-b0-1\\-ü\0]{0,3}".prop_map(|id| serde_json::to_string(&id).unwrap()),
            "\\PC{0,20}".prop_map(|id| serde_json::to_string(&id).unwrap()),
        ]
    }

    proptest! {
        #[test]
        fn short_ids_are_equal_as_ids_are(one in id(), other in id()) {
            let [a, b] = [&one, &other].map(|json| messages(json)[0].clone());
            if let (Some(short_a), Some(short_b)) = (short(&one), short(&other)) {
                prop_assert_eq!(short_a == short_b, a.id() == b.id());
                let again = OwnedRequestId::from(short_a);
                prop_assert_eq!(again.as_ref(), a.id().unwrap());
                prop_assert!(![0, u64::MAX].contains(&short_a.get()));
            }
        }
    }
}
