use std::ops::Range;

/// A part of a message: its place, or a copy in which escapes are decoded.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Place(Range<usize>),
    Decoded(Box<str>),
}

impl Text {
    /// The part itself, in the message that it was found in.
    pub(super) fn resolve<'a>(&'a self, message: &'a [u8]) -> &'a str {
        match self {
            Self::Place(range) => str_of(&message[range.clone()]),
            Self::Decoded(text) => text,
        }
    }
}

/// The text of a message, or a part of it that ends at tokens.
pub(super) fn str_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a message is UTF-8 and is cut at characters")
}
