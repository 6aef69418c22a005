//! JSON tokens, read one after another (RFC 8259).

use super::{
    chars::Chars,
    escape,
    strings::{BLOCK, far, plain_blocks},
};

/// A place in a text, which is UTF-8, and the steps from there.
///
/// A step that fails leaves the cursor at the first wrong byte: the text before it can be continued to
/// JSON, the text with it cannot.
pub(super) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    chars: Chars,
    /// The first lone surrogate in the strings read so far. JSON's grammar allows it.
    pub(super) lone_surrogate: Option<usize>,
}

/// A value that was read: its offset, and its text.
#[derive(Clone, Copy)]
pub(super) struct Value<'a>(pub(super) usize, pub(super) &'a [u8]);

/// What JSON requires where a step failed, in words that follow "expected".
pub(super) type Expected = &'static str;

/// The members of an object that have one of `N` names, in the order of the names.
pub(super) struct Members<'a, const N: usize> {
    pub(super) values: [Option<Value<'a>>; N],
    /// The first name that was given again, by its index, and the value that follows it.
    pub(super) duplicate: Option<(usize, Value<'a>)>,
}

/// How many bytes of a string are scanned with words before blocks are tried. Most strings are
/// shorter.
const NEAR: usize = 32;

impl<'a> Cursor<'a> {
    /// `chars` is what the text is made of, or what a text that contains it is made of.
    pub(super) fn new(text: &'a [u8], chars: Chars) -> Self {
        Self {
            text,
            at: 0,
            chars,
            lone_surrogate: None,
        }
    }

    pub(super) fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.text.get(self.at) {
            self.at += 1;
        }
    }

    /// Reads an object from its bracket on, with all that it holds. Returns the members that have one of
    /// `names`.
    ///
    /// Each array or object that is open in it is one bit, 1 for an object. The innermost 63 are in
    /// `open`, below the highest bit that is set; the others are on the heap. So a deep text costs no
    /// stack, and memory of an eighth of its depth.
    // Inlined, so that the names are constants when they are compared.
    #[inline]
    pub(super) fn object<const N: usize>(
        &mut self,
        names: &[&str; N],
    ) -> Result<Members<'a, N>, Expected> {
        const NOTHING: u64 = 0b1;
        const TOP: u64 = 0b11;
        const SPILLED: u64 = 0b10;
        let (mut values, mut duplicate) = ([None; N], None);
        let (mut index, mut start) = (N, self.at);
        let (mut open, mut outer) = (NOTHING, Vec::new());
        loop {
            let mut has_more = match self.text.get(self.at) {
                Some(bracket @ (b'{' | b'[')) => {
                    if open.leading_zeros() == 0 {
                        outer.push(open);
                        open = SPILLED;
                    }
                    open = open << 1 | u64::from(*bracket == b'{');
                    self.at += 1;
                    self.space();
                    let closing = bracket + 2;
                    self.text.get(self.at) != Some(&closing)
                }
                _ => {
                    self.scalar()?;
                    false
                }
            };
            while !has_more {
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
    #[inline]
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
    pub(super) fn scalar(&mut self) -> Result<(), Expected> {
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
        self.rest_of_string()
    }

    /// Reads on to the end of a string.
    #[inline(never)]
    fn rest_of_string(&mut self) -> Result<(), Expected> {
        let mut look_until = self.at + NEAR;
        let mut may_be_far = !self.chars.has_controls();
        loop {
            if self.at >= look_until {
                let far = may_be_far.then(|| far(&self.text[self.at..]));
                may_be_far = matches!(far, Some(Some(_)));
                self.at += match far.flatten() {
                    Some(far) => far,
                    None => plain_blocks(self.text, self.at),
                };
                look_until = self.at + BLOCK;
            }
            if let Some(word) = self.text[self.at..].first_chunk() {
                let len = special(word);
                self.at += len;
                if len == word.len() {
                    continue;
                }
            }
            match self.text.get(self.at) {
                None => return Err("the end of a string"),
                Some(b'\\') => match escape::read(&self.text[self.at..]) {
                    Ok((character, len)) => {
                        if character.is_none() {
                            self.lone_surrogate.get_or_insert(self.at);
                        }
                        self.at += len;
                    }
                    Err((expected, len)) => {
                        self.at += len;
                        return Err(expected);
                    }
                },
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(..b' ') => return Err("an escape instead of a control character"),
                // Less than a word is left.
                Some(_) => self.at += 1,
            }
        }
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

/// The index of the first quote, backslash or control character, or 8.
fn special(word: &[u8; 8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    let word = u64::from_le_bytes(*word);
    // With this bit changed, the quote is b' ', and the only characters below it are control characters.
    let quotes = (word ^ (ONES * 2)).wrapping_sub(ONES * b'!' as u64);
    let escapes = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    // The changed bits are not the highest ones. Borrows make only the lowest bit that is set reliable.
    let found = (quotes | escapes) & !word & (ONES << 7);
    found.trailing_zeros() as usize / 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_special_byte_is_found(word in prop::array::uniform8(
            prop_oneof![8 => b' '..=b'~', 1 => any::<u8>()],
        )) {
            let is_special = |byte: &u8| b"\"\\".contains(byte) || *byte < b' ';
            let found = word.iter().position(is_special);
            prop_assert_eq!(special(&word), found.unwrap_or(8));
        }
    }

    /// Values at the depths at which `open` is full.
    #[test]
    fn levels_close_in_the_opposite_order() {
        for depth in [1, 2, 62, 63, 64, 65, 126, 127, 128, 1000] {
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
