//! Values written as JSON, with a note of what a reader of the text would find.

use std::{cell::Cell, io, ops::Range};

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

use super::{
    error::InvalidMessage,
    reader::NAMES,
    serializer::{Part, Quoted},
};

/// JSON that is being written.
pub(super) struct Output {
    pub(super) text: Vec<u8>,
    /// Whether a value wrote JSON itself, as serde_json's `RawValue` does.
    pub(super) has_raw: bool,
}

/// The members of an object that have one of [`NAMES`], in the order of the names.
#[derive(Default)]
pub(super) struct Places {
    pub(super) values: [Option<Range<usize>>; NAMES.len()],
    /// The first name that was given again, by its index, and its value.
    pub(super) duplicate: Option<(usize, Range<usize>)>,
}

impl Output {
    pub(super) fn new() -> Self {
        Self {
            text: Vec::with_capacity(128),
            has_raw: false,
        }
    }

    /// Writes a value, and returns the members of the object that it is. There are none if the value is no
    /// object, or if it wrote JSON itself.
    pub(super) fn value<T: Serialize + ?Sized>(
        &mut self,
        value: &T,
    ) -> Result<Places, InvalidMessage> {
        let len = Cell::new(self.text.len());
        let quoted = Quoted::default();
        let mut marks = Marks {
            len: &len,
            depth: 0,
            in_name: false,
            name: NAMES.len(),
            start: 0,
            has_raw: false,
            places: Places::default(),
            quoted: &quoted,
        };
        let writer = Writer {
            text: &mut self.text,
            len: &len,
        };
        let part = Part {
            value,
            quoted: &quoted,
        };
        part.serialize(&mut Serializer::with_formatter(writer, &mut marks))
            .map_err(|error| InvalidMessage::typed("the value cannot be written as JSON", error))?;
        self.has_raw |= marks.has_raw;
        Ok(marks.places)
    }
}

/// Writes, and tells [`Marks`] how much was written.
struct Writer<'a> {
    text: &'a mut Vec<u8>,
    len: &'a Cell<usize>,
}

impl io::Write for Writer<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.text.extend_from_slice(bytes);
        self.len.set(self.text.len());
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Notes the members of the outermost object. The text is that of serde_json's `CompactFormatter`.
struct Marks<'a> {
    len: &'a Cell<usize>,
    /// How many arrays and objects are open.
    depth: usize,
    /// Whether the name of a member is being written.
    in_name: bool,
    /// The index of the member's name, if it is known.
    name: usize,
    /// Where the member's name begins, then where its value does.
    start: usize,
    has_raw: bool,
    places: Places,
    quoted: &'a Quoted,
}

impl Formatter for &mut Marks<'_> {
    #[inline]
    fn write_null<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        let mut quoted = self.quoted.borrow_mut();
        if quoted.is_empty() {
            return writer.write_all(b"null");
        }
        writer.write_all(&quoted)?;
        quoted.clear();
        Ok(())
    }

    #[inline]
    fn write_number_str<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        value: &str,
    ) -> io::Result<()> {
        self.has_raw = true;
        writer.write_all(value.as_bytes())
    }

    #[inline]
    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.has_raw = true;
        writer.write_all(fragment.as_bytes())
    }

    #[inline]
    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"[")
    }

    #[inline]
    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"]")
    }

    #[inline]
    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth += 1;
        writer.write_all(b"{")
    }

    #[inline]
    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.depth -= 1;
        writer.write_all(b"}")
    }

    #[inline]
    fn begin_object_key<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        if self.depth == 1 {
            self.in_name = true;
            self.start = self.len.get();
            self.name = NAMES.len();
        }
        Ok(())
    }

    #[inline]
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if self.in_name {
            let name = NAMES.iter().position(|name| *name == fragment);
            self.name = name.unwrap_or(NAMES.len());
        }
        writer.write_all(fragment.as_bytes())
    }

    #[inline]
    fn end_object_key<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        if self.in_name {
            self.in_name = false;
            // Not equal if the last of several fragments is a name that is known.
            let len = self.len.get() - self.start;
            if NAMES
                .get(self.name)
                .is_some_and(|name| name.len() + 2 != len)
            {
                self.name = NAMES.len();
            }
        }
        Ok(())
    }

    #[inline]
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b":")?;
        if self.depth == 1 {
            self.start = self.len.get();
        }
        Ok(())
    }

    #[inline]
    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        if self.depth == 1 && self.name < NAMES.len() {
            let (name, value) = (self.name, self.start..self.len.get());
            let places = &mut self.places;
            if places.values[name].replace(value.clone()).is_some() {
                places.duplicate.get_or_insert((name, value));
            }
        }
        Ok(())
    }
}
