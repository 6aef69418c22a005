use std::{cmp::Ordering, fmt};

/// The id of a JSON-RPC request, response or error.
///
/// Strings and integers differ: `"1"` and `1` are two ids. An integer is kept as its digits, because
/// JSON does not limit its size. Two ids are equal if their texts are, so `0` and `-0` differ.
///
/// `Display` writes the id as JSON. To keep an id, make an [`OwnedRequestId`](super::OwnedRequestId) of it.
///
/// ```
/// use mcp_sse_server::message::{Message, RequestId};
///
/// let message = Message::parse(r#"{"jsonrpc":"2.0","id":"a\u0062","method":"ping"}"#)?;
/// let id = message.id().unwrap();
/// assert_eq!(id, RequestId::String("ab"));
/// assert_eq!(id.to_string(), r#""ab""#);
/// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestId<'a> {
    /// An integer: decimal digits after an optional minus sign.
    Integer(&'a str),
    /// A string, without quotes and with its escapes decoded.
    String(&'a str),
}

impl RequestId<'_> {
    /// The id as an `i64`. `None` if it is a string, or an integer that does not fit.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(digits) => digits.parse().ok(),
            Self::String(_) => None,
        }
    }
}

/// Integers by number, and then strings by text.
impl Ord for RequestId<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => {
                // Digits have no leading zeros, so a longer number is a larger one.
                let [a, b] = [a, b].map(|text| match text.strip_prefix('-') {
                    Some(digits) => (true, digits.len(), digits),
                    None => (false, text.len(), *text),
                });
                match (a.0, b.0) {
                    (false, false) => a.cmp(&b),
                    (true, true) => b.cmp(&a),
                    _ => b.0.cmp(&a.0),
                }
            }
            (Self::String(a), Self::String(b)) => a.cmp(b),
            (Self::Integer(_), Self::String(_)) => Ordering::Less,
            (Self::String(_), Self::Integer(_)) => Ordering::Greater,
        }
    }
}

impl PartialOrd for RequestId<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Writes JSON: digits, or a string in quotes.
impl fmt::Display for RequestId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(digits) => f.write_str(digits),
            Self::String(text) => {
                f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
            }
        }
    }
}

/// Serializes a string, or a number if the integer fits 64 bits.
///
/// A larger integer is an error, because many serde data formats have no such number. To answer such a
/// request, use [`Request::response`](super::Request::response), which copies the id.
impl serde::Serialize for RequestId<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::String(text) => serializer.serialize_str(text),
            Self::Integer(digits) => {
                if let Ok(number) = digits.parse::<i64>() {
                    serializer.serialize_i64(number)
                } else if let Ok(number) = digits.parse::<u64>() {
                    serializer.serialize_u64(number)
                } else {
                    Err(serde::ser::Error::custom(
                        "the id is an integer beyond 64 bits, answer with `Request::response`",
                    ))
                }
            }
        }
    }
}
