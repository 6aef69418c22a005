use std::{error::Error, fmt};

/// Why a [`Relay`](super::Relay) has no answer to give.
///
/// Which one it is decides what the client is told, and whether it may send the message again.
/// `Display` says what an operator can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayError {
    /// Nobody has that name, and so the session is gone. Nothing was sent. The client gets `404`.
    NoSuchNode,
    /// The other nodes cannot be reached now, for the reason given. Nothing was sent. The client gets
    /// `503` with `retry-after`.
    Unavailable(&'static str),
    /// The `POST` is larger than what may be carried. Nothing was sent. The client gets `413`.
    TooLarge {
        /// How many bytes the `POST` has, with its head.
        len: usize,
        /// How many bytes may be carried.
        limit: usize,
        /// Which setting, of which program, says so.
        setting: &'static str,
    },
    /// It was sent, and no answer came in time, or none can come any more: nobody knows whether the
    /// message was delivered. The client gets `504`.
    NoAnswer,
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchNode => f.write_str("no node of that name can be reached"),
            Self::Unavailable(reason) => write!(f, "the other nodes cannot be reached: {reason}"),
            Self::TooLarge {
                len,
                limit,
                setting,
            } => write!(
                f,
                "a POST of {len} bytes, with its head, cannot be carried: {setting} is {limit}, raise it"
            ),
            Self::NoAnswer => f.write_str("the node did not answer, and may have the message"),
        }
    }
}

impl Error for RelayError {}
