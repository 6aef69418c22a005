use std::fmt;

/// The id of a JSON-RPC request, response or error.
///
/// Strings and integers are told apart: `"1"` and `1` are two ids. An integer is kept as its digits,
/// since JSON sets no limit to its size.
///
/// `Display` prints the id as JSON, ready to be put into an answer by hand.
///
/// ```
/// use mcp_sse_server::message::{RequestId, Message};
///
/// let message = Message::parse(r#"{"jsonrpc":"2.0","id":"a\u0062","method":"ping"}"#)?;
/// let id = message.id().unwrap();
/// assert_eq!(id, RequestId::String("ab"));
/// assert_eq!(id.to_string(), r#""ab""#);
/// # Ok::<(), mcp_sse_server::message::InvalidMessage>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequestId<'a> {
    /// An integer, as its decimal digits with an optional minus sign.
    Integer(&'a str),
    /// A string, without its quotes and with its escapes read.
    String(&'a str),
}

impl RequestId<'_> {
    /// The integer, if this id is one that an `i64` holds.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Integer(digits) => digits.parse().ok(),
            Self::String(_) => None,
        }
    }
}

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

/// As JSON: a string, or a number if a 64-bit integer holds it.
///
/// A larger integer is an error: a serde data format need not have a number that holds it. Write the
/// answer by hand with `Display` where such ids matter.
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
                        "the id is an integer beyond 64 bits, write it with `Display`",
                    ))
                }
            }
        }
    }
}
