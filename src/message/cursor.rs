//! JSON tokens, read one after another (RFC 8259).

use super::{escape, strings};

/// A place in a text, which is UTF-8, and the steps from there.
///
/// A step that fails leaves the cursor at the first wrong byte: the text before it can be continued to
/// JSON, the text with it cannot.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    has_controls: bool,
    lone_surrogate: Option<usize>,
}

/// What JSON requires where a step failed, in words that follow "expected".
pub(super) type Expected = &'static str;

impl<'a> Cursor<'a> {
    /// `has_controls` may be false only if there are no control characters in the text.
    pub(super) fn new(text: &'a [u8], has_controls: bool) -> Self {
        Self {
            text,
            at: 0,
            has_controls,
            lone_surrogate: None,
        }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        &self.text[start..self.at]
    }

    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        &self.text[self.at..]
    }

    /// The first lone surrogate in the strings read so far. JSON's grammar allows it.
    pub(super) fn lone_surrogate(&self) -> Option<usize> {
        self.lone_surrogate
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Reads the opening bracket of an array or an object, up to the first item. Returns false if there is
    /// none; then the closing bracket is read, too.
    #[inline]
    pub(super) fn enter(&mut self, closing: u8) -> bool {
        self.at += 1;
        self.space();
        !self.accept(closing)
    }

    /// Reads what follows an item of an array or an object: a comma, or the closing bracket. Returns whether
    /// another item follows.
    #[inline]
    pub(super) fn more(&mut self, is_object: bool) -> Result<bool, Expected> {
        self.space();
        match (self.peek(), is_object) {
            (Some(b','), _) => {
                self.at += 1;
                self.space();
                Ok(true)
            }
            (Some(b'}'), true) | (Some(b']'), false) => {
                self.at += 1;
                Ok(false)
            }
            (_, true) => Err("`,` or `}`"),
            (_, false) => Err("`,` or `]`"),
        }
    }

    /// Reads the name of a member, up to its value. Returns what is between the quotes.
    #[inline]
    pub(super) fn name(&mut self) -> Result<&'a [u8], Expected> {
        if self.peek() != Some(b'"') {
            return Err("a name in quotes");
        }
        let start = self.at + 1;
        self.string()?;
        let name = &self.text[start..self.at - 1];
        self.space();
        self.expect(b':', "`:`")?;
        self.space();
        Ok(name)
    }

    /// Reads a value that is neither an array nor an object.
    #[inline]
    pub(super) fn scalar(&mut self) -> Result<(), Expected> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true"),
            Some(b'f') => self.literal(b"false"),
            Some(b'n') => self.literal(b"null"),
            _ => Err("a value"),
        }
    }

    /// Reads a string from its first quote on. Most are short and have no escapes.
    fn string(&mut self) -> Result<(), Expected> {
        self.at += 1;
        if let Some(word) = self.text.get(self.at..).and_then(<[u8]>::first_chunk) {
            if let Some(len) = strings::special_in_word(*word) {
                if word[len] == b'"' {
                    self.at += len + 1;
                    return Ok(());
                }
            }
        }
        self.rest_of_string()
    }

    /// Reads a string from behind its first quote on.
    // Not inlined: short strings need none of the registers that this saves.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Result<(), Expected> {
        let mut look_until = self.at + strings::NEAR;
        let mut may_be_far = !self.has_controls;
        loop {
            if self.at >= look_until {
                let far = may_be_far.then(|| strings::far(self.rest()));
                may_be_far = matches!(far, Some(Some(_)));
                self.at += match far.flatten() {
                    Some(far) => far,
                    None => strings::plain_blocks(self.text, self.at),
                };
                look_until = self.at + strings::BLOCK;
            }
            let end = look_until.min(self.text.len());
            let len = strings::special(&self.text[self.at..end]);
            self.at = len.map_or(end, |len| self.at + len);
            match self.peek() {
                None => return Err("the end of a string"),
                Some(b'\\') => self.escape()?,
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(..b' ') => return Err("an escape instead of a control character"),
                Some(_) => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), Expected> {
        let escape = self.rest();
        match escape.get(1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') if escape::is_character(escape) => self.at += escape::UNIT,
            Some(b'u') => match escape::unicode(escape) {
                Some((character, len)) => {
                    if character.is_none() {
                        self.lone_surrogate.get_or_insert(self.at);
                    }
                    self.at += len;
                }
                None => {
                    let digits = escape[2..]
                        .iter()
                        .take_while(|byte| byte.is_ascii_hexdigit());
                    self.at += 2 + digits.count();
                    return Err("a hexadecimal digit");
                }
            },
            _ => {
                self.at += 1;
                return Err("an escape of JSON");
            }
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self) -> Result<(), Expected> {
        self.accept(b'-');
        if !self.accept(b'0') {
            self.digits()?;
        }
        if self.accept(b'.') {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            let _ = self.accept(b'+') || self.accept(b'-');
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Expected> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err("a digit"),
        }
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), Expected> {
        let mut bytes = literal.iter();
        bytes.try_for_each(|byte| self.expect(*byte, "`true`, `false` or `null`"))
    }

    fn expect(&mut self, byte: u8, expected: Expected) -> Result<(), Expected> {
        match self.accept(byte) {
            true => Ok(()),
            false => Err(expected),
        }
    }

    fn accept(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.at += 1;
        }
        is_next
    }
}
