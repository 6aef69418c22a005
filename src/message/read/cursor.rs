//! JSON tokens, read one after another (RFC 8259).

use crate::message::error::Expected;

use super::{
    escape,
    scan::{self, Chars, special},
};

/// A place in a text, which is UTF-8, and the steps from there.
///
/// A step that fails leaves the cursor at the first wrong byte: the text before it can be continued to
/// JSON, the text with it cannot.
pub(crate) struct Cursor<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) at: usize,
    chars: Chars,
    /// The first lone surrogate in the strings read so far. JSON's grammar allows it.
    pub(crate) lone_surrogate: Option<usize>,
}

/// A value that was read: its offset, and its text.
#[derive(Clone, Copy)]
pub(crate) struct Value<'a>(pub(crate) usize, pub(crate) &'a [u8]);

/// The members of an object that have one of `N` names, in the order of the names.
pub(crate) struct Members<'a, const N: usize> {
    pub(crate) values: [Option<Value<'a>>; N],
    /// The first name that was given again, by its index, and the value that follows it.
    pub(crate) duplicate: Option<(usize, Value<'a>)>,
}

impl<'a> Cursor<'a> {
    /// `chars` is what the text is made of, or what a text that contains it is made of.
    pub(crate) fn new(text: &'a [u8], chars: Chars) -> Self {
        Self {
            text,
            at: 0,
            chars,
            lone_surrogate: None,
        }
    }

    pub(crate) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// Reads an object from its bracket on, with all that it holds. Returns the members that have one of
    /// `names`.
    ///
    /// Each open array or object is one bit, 1 for an object. The innermost are in `open`, below the
    /// highest bit that is set, the others on the heap. So a deep text costs no stack, and memory
    /// of an eighth of its depth.
    // Inlined, so that the names are constants when they are compared.
    #[inline]
    pub(crate) fn object<const N: usize>(
        &mut self,
        names: &[&str; N],
    ) -> Result<Members<'a, N>, Expected> {
        const NOTHING: u64 = 0b1;
        /// The object itself.
        const TOP: u64 = 0b11;
        /// All levels are on the heap. Other values begin with `TOP`, so this is none of them.
        const SPILLED: u64 = 0b10;
        let (mut values, mut duplicate) = ([None; N], None);
        let (mut index, mut start) = (N, self.at);
        let (mut open, mut outer) = (NOTHING, Vec::new());
        loop {
            // A value begins here.
            let mut has_more = match self.text.get(self.at) {
                Some(b'{') => {
                    if open.leading_zeros() == 0 {
                        outer.push(open);
                        open = SPILLED;
                    }
                    open = open << 1 | 1;
                    self.at += 1;
                    self.space();
                    self.text.get(self.at) != Some(&b'}')
                }
                Some(b'[') => {
                    if open.leading_zeros() == 0 {
                        outer.push(open);
                        open = SPILLED;
                    }
                    open <<= 1;
                    self.at += 1;
                    self.space();
                    self.text.get(self.at) != Some(&b']')
                }
                _ => {
                    self.scalar()?;
                    false
                }
            };
            while !has_more {
                // A value ended here.
                if open == TOP && index < N {
                    let value = Value(start, &self.text[start..self.at]);
                    if values[index].replace(value).is_some() {
                        duplicate.get_or_insert((index, value));
                    }
                }
                self.space();
                match (self.text.get(self.at), open & 1 == 1) {
                    (Some(b','), _) => {
                        self.at += 1;
                        self.space();
                        has_more = true;
                    }
                    (Some(b'}'), true) | (Some(b']'), false) => {
                        self.at += 1;
                        open >>= 1;
                        if open == SPILLED {
                            open = outer.pop().unwrap_or(NOTHING);
                        }
                        if open == NOTHING {
                            return Ok(Members { values, duplicate });
                        }
                    }
                    (_, true) => return Err("`,` or `}`"),
                    (_, false) => return Err("`,` or `]`"),
                }
            }
            if open & 1 == 1 {
                let name = self.name()?;
                if open == TOP {
                    index = 0;
                    while index < N && names[index].as_bytes() != name {
                        index += 1;
                    }
                    if index == N && name.contains(&b'\\') {
                        let name = escape::decode(name);
                        let known = names.iter().position(|known| known.as_bytes() == name);
                        index = known.unwrap_or(N);
                    }
                    start = self.at;
                }
            }
        }
    }

    /// Reads the name of a member, up to its value. Returns what is between the quotes.
    // Not inlined: it would take registers from the loop in `object`.
    #[inline(never)]
    fn name(&mut self) -> Result<&'a [u8], Expected> {
        let start = self.at + 1;
        match self.text.get(self.at) {
            Some(b'"') => self.string()?,
            _ => return Err("a name in quotes"),
        }
        let name = &self.text[start..self.at - 1];
        self.space();
        match self.text.get(self.at) {
            Some(b':') => self.at += 1,
            _ => return Err("`:`"),
        }
        self.space();
        Ok(name)
    }

    /// Reads a value that is neither an array nor an object.
    #[inline]
    pub(crate) fn scalar(&mut self) -> Result<(), Expected> {
        match self.text.get(self.at) {
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
        if let Some(word) = self.text[self.at..].first_chunk() {
            self.at += special(word);
            if self.text.get(self.at) == Some(&b'"') {
                self.at += 1;
                return Ok(());
            }
        }
        let lone_surrogate = &mut self.lone_surrogate;
        scan::rest_of_string(self.text, &mut self.at, self.chars, lone_surrogate)
    }

    fn number(&mut self) -> Result<(), Expected> {
        if self.text.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        match self.text.get(self.at) {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), Expected> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.text.get(self.at) {
            self.at += 1;
        }
        match self.at > start {
            true => Ok(()),
            false => Err("a digit"),
        }
    }

    fn literal(&mut self, literal: &[u8]) -> Result<(), Expected> {
        for byte in literal {
            if self.text.get(self.at) != Some(byte) {
                return Err("`true`, `false` or `null`");
            }
            self.at += 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values at the depths at which `open` is full.
    #[test]
    fn levels_close_in_the_opposite_order() {
        for depth in (1..=4).chain(58..=68).chain(118..=132).chain([1000]) {
            let is_object = |level: &usize| level % 3 == 0 || level % 64 == 1;
            let levels = || (0..depth).map(|level| is_object(&level));
            let open: String = levels().map(|is| if is { "{\"\":" } else { "[" }).collect();
            let close: String = levels()
                .rev()
                .map(|is| if is { "}" } else { "]" })
                .collect();
            let read = |text: &str| {
                let text = format!("{{\"\":{text}");
                let mut cursor = Cursor::new(text.as_bytes(), Chars::Lines);
                let read = cursor.object(&[""]);
                (
                    read.map(|members| members.values[0].unwrap().1.len()),
                    cursor.at - 4,
                )
            };
            let text = format!("{open}0{close}");
            assert_eq!(read(&format!("{text}}}")), (Ok(text.len()), text.len() + 1));
            for level in 0..depth {
                let (before, _) = text.split_at(text.len() - 1 - level);
                let (other, expected) = match is_object(&level) {
                    true => ("]", "`,` or `}`"),
                    false => ("}", "`,` or `]`"),
                };
                assert_eq!(
                    read(&format!("{before}{other}")),
                    (Err(expected), before.len())
                );
            }
        }
    }

    #[test]
    fn members_are_found_by_name_with_and_without_escapes() {
        let text = r#"{"x":1,"\u0061":[2] , "b":null,"\ud83d":{}}"#;
        let found = Cursor::new(text.as_bytes(), Chars::Lines)
            .object(&["a", "b", "c"])
            .unwrap();
        let texts = found.values.map(|value| value.map(|value| value.1));
        assert_eq!(texts, [Some(&b"[2]"[..]), Some(b"null"), None]);
        assert!(found.duplicate.is_none());
        assert!(
            Cursor::new(b"{ }", Chars::Lines)
                .object(&["a"])
                .unwrap()
                .values[0]
                .is_none()
        );
    }

    #[test]
    fn the_first_member_given_twice_is_reported() {
        let found = Cursor::new(br#"{"a":1,"b":2,"b":3,"a":4}"#, Chars::Lines)
            .object(&["a", "b"])
            .unwrap();
        let (index, value) = found.duplicate.unwrap();
        assert_eq!((index, value.0, value.1), (1, 17, &b"3"[..]));
    }
}
