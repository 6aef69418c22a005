use bytes::Bytes;

use crate::response::RejectionKind;

/// What the session's node says to a `POST`, in one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The message is in the session's inbox.
    Accepted,
    Refused(Refusal),
}

/// Why the session's node did not take a `POST`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    NotFound,
    SessionBusy,
    ServerBusy,
    TooLarge,
    Invalid,
    /// No frame, or one of another version of this crate.
    Unreadable,
}

const ALL: [(Answer, &[u8]); 7] = [
    (Answer::Accepted, b"+"),
    (Answer::Refused(Refusal::NotFound), b"?"),
    (Answer::Refused(Refusal::SessionBusy), b"s"),
    (Answer::Refused(Refusal::ServerBusy), b"b"),
    (Answer::Refused(Refusal::TooLarge), b"l"),
    (Answer::Refused(Refusal::Invalid), b"i"),
    (Answer::Refused(Refusal::Unreadable), b"v"),
];

impl Answer {
    pub(super) fn encode(self) -> Bytes {
        let bytes = ALL.iter().find(|(answer, _)| *answer == self);
        Bytes::from_static(bytes.map_or(b"v", |(_, bytes)| bytes))
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let answer = ALL.iter().find(|(_, known)| *known == bytes);
        answer.map(|(answer, _)| *answer)
    }
}

impl Refusal {
    pub(crate) fn kind(self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::SessionNotFound,
            Self::SessionBusy => RejectionKind::SessionBusy,
            Self::ServerBusy => RejectionKind::ServerBusy,
            Self::TooLarge => RejectionKind::BodyTooLarge,
            Self::Invalid => RejectionKind::InvalidMessage,
            Self::Unreadable => RejectionKind::NodeUnreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_is_read_as_what_it_is_and_nothing_else_is_one() {
        for (answer, _) in ALL {
            assert_eq!(Answer::decode(&answer.encode()), Some(answer));
        }
        for bytes in [b"" as &[u8], b"x", b"++", b"\0"] {
            assert_eq!(Answer::decode(bytes), None);
        }
    }
}
