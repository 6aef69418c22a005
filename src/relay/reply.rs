use bytes::Bytes;

use crate::response::RejectionKind;

/// The answer of the session's node to a `POST`, in one byte: the message is in the inbox, or why not.
const REPLIES: [(Result<(), RejectionKind>, &[u8]); 9] = [
    (Ok(()), b"+"),
    (Err(RejectionKind::SessionNotFound), b"?"),
    (Err(RejectionKind::SessionBusy), b"s"),
    (Err(RejectionKind::ServerBusy), b"b"),
    (Err(RejectionKind::BodyTooLarge), b"l"),
    (Err(RejectionKind::InvalidMessage), b"i"),
    (Err(RejectionKind::RequestIdTooLong), b"d"),
    (Err(RejectionKind::TooManyRequests), b"r"),
    // The frame is not of this version of the crate.
    (Err(RejectionKind::NodeUnreachable), b"v"),
];

pub(super) fn encode(reply: Result<(), RejectionKind>) -> Bytes {
    let known = REPLIES.iter().find(|(known, _)| *known == reply);
    Bytes::from_static(known.map_or(b"v", |(_, bytes)| bytes))
}

/// Reads a reply. `None` if the bytes are not a reply.
pub(crate) fn decode(bytes: &[u8]) -> Option<Result<(), RejectionKind>> {
    let known = REPLIES.iter().find(|(_, known)| *known == bytes);
    known.map(|(reply, _)| *reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reply_round_trips_and_other_bytes_do_not_decode() {
        for (reply, _) in REPLIES {
            assert_eq!(decode(&encode(reply)), Some(reply));
        }
        for bytes in [b"" as &[u8], b"x", b"++", b"\0"] {
            assert_eq!(decode(bytes), None);
        }
    }
}
