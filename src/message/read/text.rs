use std::ops::Range;

/// A string of a message: its place between the quotes, or a copy in which escapes are decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Place(Range<usize>),
    // Boxed, because escapes are rare here, and a message is moved often.
    Decoded(Box<Decoded>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decoded {
    pub(crate) place: Range<usize>,
    pub(crate) text: Box<str>,
}

impl Text {
    /// The string itself, in the message that it was found in.
    pub(crate) fn resolve<'a>(&'a self, message: &'a [u8]) -> &'a str {
        match self {
            Self::Place(place) => str_of(&message[place.clone()]),
            Self::Decoded(decoded) => &decoded.text,
        }
    }

    /// The place of the string as JSON, with its quotes.
    pub(crate) fn json(&self) -> Range<usize> {
        let place = match self {
            Self::Place(place) => place,
            Self::Decoded(decoded) => &decoded.place,
        };
        place.start - 1..place.end + 1
    }
}

/// The text of a message, or a part of it that ends at tokens.
pub(crate) fn str_of(bytes: &[u8]) -> &str {
    simdutf8::basic::from_utf8(bytes).expect("a message is UTF-8 and is cut at characters")
}
