//! Values written as JSON, with a note of what a reader of the text would find.

use std::{io, ops::Range};

use serde::Serialize;
use serde_json::ser::Formatter;

use crate::message::{error::InvalidMessage, read::reader::NAMES};

use super::{
    output::{Output, Sink},
    strings::Strings,
};

/// The members of an object that have one of [`NAMES`], in the order of the names.
#[derive(Default)]
pub(crate) struct Places {
    pub(crate) values: [Option<Range<usize>>; NAMES.len()],
    /// The first name that was given again, by its index, and its value.
    pub(crate) duplicate: Option<(usize, Range<usize>)>,
}

/// Writes a value, and returns the members of the object that it is. There are none if the value is no
/// object, or if it wrote JSON itself.
pub(crate) fn write<T: Serialize + ?Sized>(
    output: &Output,
    value: &T,
) -> Result<Places, InvalidMessage> {
    let mut marks = Marks {
        output,
        depth: 0,
        in_name: false,
        name: NAMES.len(),
        start: 0,
        places: Places::default(),
    };
    let mut json = serde_json::Serializer::with_formatter(Sink(output), &mut marks);
    value
        .serialize(Strings::new(&mut json, output))
        .map_err(|error| InvalidMessage::typed("the value cannot be written as JSON", error))?;
    Ok(marks.places)
}

/// Notes the members of the outermost object. The text is that of serde_json's `CompactFormatter`.
struct Marks<'a> {
    output: &'a Output,
    /// How many arrays and objects are open.
    depth: usize,
    /// Whether the name of a member is being written.
    in_name: bool,
    /// The index of the member's name, if it is known.
    name: usize,
    /// Where the member's name begins, then where its value does.
    start: usize,
    places: Places,
}

impl Formatter for &mut Marks<'_> {
    #[inline]
    fn begin_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.output.is_written.get() {
            true => Ok(()),
            false => writer.write_all(b"\""),
        }
    }

    #[inline]
    fn end_string<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        match self.output.is_written.replace(false) {
            true => Ok(()),
            false => writer.write_all(b"\""),
        }
    }

    #[inline]
    fn write_number_str<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        value: &str,
    ) -> io::Result<()> {
        self.output.has_raw.set(true);
        writer.write_all(value.as_bytes())
    }

    #[inline]
    fn write_raw_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        self.output.has_raw.set(true);
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
            self.start = self.output.len();
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
            let len = self.output.len() - self.start;
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
            self.start = self.output.len();
        }
        Ok(())
    }

    #[inline]
    fn end_object_value<W: ?Sized + io::Write>(&mut self, _: &mut W) -> io::Result<()> {
        if self.depth == 1 && self.name < NAMES.len() {
            let (name, value) = (self.name, self.start..self.output.len());
            let places = &mut self.places;
            if places.values[name].replace(value.clone()).is_some() {
                places.duplicate.get_or_insert((name, value));
            }
        }
        Ok(())
    }
}
