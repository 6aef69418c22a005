use std::{borrow::Cow, ops::Range};

use super::{
    cursor::{Cursor, Expected},
    escape,
    skip::{Nesting, skip},
};

/// The text of an id, by its JSON type.
#[derive(Clone, Debug)]
pub(super) enum IdText {
    Integer(Text),
    String(Text),
}

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

/// A JSON value inside a message: its text, which is valid, and its offset.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    json: &'a [u8],
    offset: usize,
}

impl<'a> Value<'a> {
    /// Reads a value with all that it holds. `nesting` is empty before and after.
    #[inline]
    pub(super) fn read(cursor: &mut Cursor<'a>, nesting: &mut Nesting) -> Result<Self, Expected> {
        let offset = cursor.at();
        skip(cursor, nesting)?;
        let json = cursor.since(offset);
        Ok(Self { json, offset })
    }

    pub(super) fn json(self) -> &'a [u8] {
        self.json
    }

    pub(super) fn offset(self) -> usize {
        self.offset
    }

    pub(super) fn is_object(self) -> bool {
        self.json.starts_with(b"{")
    }

    pub(super) fn is_string(self) -> bool {
        self.json.starts_with(b"\"")
    }

    pub(super) fn is_null(self) -> bool {
        self.json == b"null"
    }

    /// A number without a fraction and an exponent.
    pub(super) fn is_integer(self) -> bool {
        let digits = self.json.strip_prefix(b"-").unwrap_or(self.json);
        digits.iter().all(u8::is_ascii_digit)
    }

    /// The string, with escapes decoded. `None` if the value is of another type.
    pub(super) fn string(self) -> Option<Cow<'a, [u8]>> {
        let inner = self.json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
        Some(match inner.contains(&b'\\') {
            true => Cow::Owned(escape::decode(inner)),
            false => Cow::Borrowed(inner),
        })
    }

    /// The place of the string, or a copy if it has escapes.
    pub(super) fn text(self) -> Option<Text> {
        let start = self.offset + 1;
        Some(match self.string()? {
            Cow::Borrowed(inner) => Text::Place(start..start + inner.len()),
            Cow::Owned(decoded) => Text::Decoded(str_of(&decoded).into()),
        })
    }

    /// The id, if the value is of a type that an id may have.
    pub(super) fn id(self) -> Option<IdText> {
        if self.is_integer() {
            let place = self.offset..self.offset + self.json.len();
            return Some(IdText::Integer(Text::Place(place)));
        }
        self.text().map(IdText::String)
    }

    /// The type in words, never the content: the words are logged.
    pub(super) fn describe(self) -> &'static str {
        match self.json.first() {
            Some(b'{') => "an object",
            Some(b'[') => "an array",
            Some(b'"') => "a string",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            _ if self.is_integer() => "an integer",
            _ => "a number with a fraction or an exponent",
        }
    }
}
