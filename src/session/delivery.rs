use super::incoming::Incoming;

/// Why a message did not reach its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryError {
    /// The inbox was full, and still is.
    Busy,
    /// The session has ended.
    Ended,
}

/// What became of a message that was offered to a session.
pub(crate) enum Offer {
    Taken,
    /// The inbox has no room now.
    Full(Incoming),
    Ended,
}
