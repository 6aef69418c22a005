use std::ops::Range;

use super::strings;

/// A place in a text, which is UTF-8, and the steps from there. Each gives `None` where the text is no
/// JSON, or such that takes more care.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    is_one_line: bool,
}

impl<'a> Cursor<'a> {
    /// A text without control characters is known to have one line.
    pub(super) fn new(text: &'a [u8], is_one_line: bool) -> Self {
        Self {
            text,
            at: 0,
            is_one_line,
        }
    }

    pub(super) fn text(&self) -> &'a [u8] {
        self.text
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Passes a value by, and all that stands in it.
    pub(super) fn value(&mut self) -> Option<()> {
        // The containers that are open, a bit for each, 1 for an object; the first bit is the bottom.
        let mut open = 1_u64;
        loop {
            match self.next()? {
                b'"' => {
                    self.string()?;
                }
                b'{' => {
                    self.space();
                    if self.peek()? == b'}' {
                        self.at += 1;
                    } else {
                        open = push(open, 1)?;
                        self.name()?;
                        continue;
                    }
                }
                b'[' => {
                    self.space();
                    if self.peek()? == b']' {
                        self.at += 1;
                    } else {
                        open = push(open, 0)?;
                        continue;
                    }
                }
                first @ (b'-' | b'0'..=b'9') => self.number(first)?,
                b't' => self.literal(b"rue")?,
                b'f' => self.literal(b"alse")?,
                b'n' => self.literal(b"ull")?,
                _ => return None,
            }
            loop {
                if open == 1 {
                    return Some(());
                }
                self.space();
                let is_object = open & 1 == 1;
                match self.next()? {
                    b',' => {
                        self.space();
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    b'}' if is_object => open >>= 1,
                    b']' if !is_object => open >>= 1,
                    _ => return None,
                }
            }
        }
    }

    fn name(&mut self) -> Option<()> {
        self.expect(b'"')?;
        self.string()?;
        self.colon()
    }

    pub(super) fn colon(&mut self) -> Option<()> {
        self.space();
        self.expect(b':')?;
        self.space();
        Some(())
    }

    /// The rest of a string, behind its first quote. Gives what stands between the quotes.
    pub(super) fn string(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        let mut look_until = start + strings::NEAR;
        let mut may_be_far = self.is_one_line;
        loop {
            if self.at >= look_until {
                let far = may_be_far.then(|| strings::far(&self.text[self.at..]));
                may_be_far = matches!(far, Some(Some(_)));
                self.at += match far.flatten() {
                    Some(far) => far,
                    None => strings::plain_blocks(self.text, self.at),
                };
                look_until = self.at + strings::BLOCK;
            }
            let end = look_until.min(self.text.len());
            let Some(len) = strings::special(&self.text[self.at..end]) else {
                if end == self.text.len() {
                    return None;
                }
                self.at = end;
                continue;
            };
            self.at += len + 1;
            match self.text[self.at - 1] {
                b'"' => return Some(start..self.at - 1),
                b'\\' => {}
                _control => return None,
            }
            match self.next()? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                b'u' => self.unit()?,
                _ => return None,
            }
        }
    }

    /// The digits of a `\u` escape, if it is no surrogate.
    fn unit(&mut self) -> Option<()> {
        let digits = self.text.get(self.at..self.at + 4)?;
        // D800 to DFFF; letters are beyond digits.
        let is_surrogate = matches!(digits[0], b'd' | b'D') && digits[1] >= b'8';
        if is_surrogate || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        self.at += 4;
        Some(())
    }

    /// The rest of a number.
    fn number(&mut self, first: u8) -> Option<()> {
        let first = match first {
            b'-' => self.next()?,
            first => first,
        };
        match first {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.some_digits()?;
        }
        Some(())
    }

    fn digits(&mut self) {
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
    }

    fn some_digits(&mut self) -> Option<()> {
        let start = self.at;
        self.digits();
        (self.at > start).then_some(())
    }

    fn literal(&mut self, rest: &[u8]) -> Option<()> {
        let is = self.text[self.at..].starts_with(rest);
        self.at += rest.len();
        is.then_some(())
    }

    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    pub(super) fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }
}

fn push(open: u64, container: u64) -> Option<u64> {
    (open.leading_zeros() > 0).then_some(open << 1 | container)
}
