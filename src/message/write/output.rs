use std::{
    cell::{Cell, RefCell},
    io,
    ops::Range,
};

use super::encode::encode;

/// JSON that is being written.
pub(crate) struct Output {
    text: RefCell<Vec<u8>>,
    /// Whether the string that serde_json writes next is in the text already.
    pub(crate) is_written: Cell<bool>,
    /// Whether a value wrote JSON itself, as serde_json's `RawValue` does.
    pub(crate) has_raw: Cell<bool>,
}

impl Output {
    pub(crate) fn new() -> Self {
        Self {
            text: RefCell::new(Vec::with_capacity(128)),
            is_written: Cell::new(false),
            has_raw: Cell::new(false),
        }
    }

    /// Appends text that is JSON at this place.
    pub(crate) fn push(&self, json: &[u8]) {
        self.text.borrow_mut().extend_from_slice(json);
    }

    /// Writes the next string of serde_json, which then writes an empty one.
    pub(crate) fn string(&self, text: &str) {
        encode(&mut self.text.borrow_mut(), text);
        self.is_written.set(true);
    }

    pub(crate) fn len(&self) -> usize {
        self.text.borrow().len()
    }

    pub(crate) fn truncate(&self, len: usize) {
        self.text.borrow_mut().truncate(len);
    }

    /// Whether a place has this text.
    pub(crate) fn is(&self, place: &Range<usize>, text: &[u8]) -> bool {
        self.text.borrow()[place.clone()] == *text
    }

    /// The text, and whether a value wrote JSON itself.
    pub(crate) fn finish(self) -> (Vec<u8>, bool) {
        (self.text.into_inner(), self.has_raw.get())
    }
}

/// Where serde_json writes.
pub(crate) struct Sink<'a>(pub(crate) &'a Output);

impl io::Write for Sink<'_> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.push(bytes);
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.push(bytes);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
