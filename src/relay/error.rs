use std::{error::Error, fmt};

/// Why a [`Relay`](super::Relay) has no answer.
///
/// The variant decides the status that the client gets, and whether the client may send the message
/// again. `Display` is for the operator's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RelayError {
    /// No node has this name, so the session no longer exists. Nothing was sent. The client gets `404`.
    NoSuchNode,
    /// The other nodes cannot be reached now. The text is the reason. Nothing was sent. The client gets
    /// `503` with `retry-after`.
    Unavailable(&'static str),
    /// The `POST` is larger than the relay can carry. Nothing was sent. The client gets `413`.
    TooLarge {
        /// The size of the `POST` in bytes, with its head.
        len: usize,
        /// The largest size that the relay carries, in bytes.
        limit: usize,
        /// The setting that limits the size, with the program that has it.
        setting: &'static str,
    },
    /// The `POST` was sent, and no answer came in time or can come any more. It is not known whether the
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
