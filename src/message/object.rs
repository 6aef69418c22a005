use super::{
    cursor::{Cursor, Expected},
    escape,
    skip::Nesting,
    value::Value,
};

/// The members of an object that have one of `N` names, in the order of the names.
pub(super) struct Object<'a, const N: usize> {
    pub(super) members: [Option<Value<'a>>; N],
    /// The first name that was given again, by its index, and the value that follows it.
    pub(super) duplicate: Option<(usize, Value<'a>)>,
}

impl<'a, const N: usize> Object<'a, N> {
    pub(super) fn new() -> Self {
        Self {
            members: [None; N],
            duplicate: None,
        }
    }

    /// Reads an object from its bracket on.
    // Inlined, so that the names are constants when they are compared.
    #[inline]
    pub(super) fn read(
        &mut self,
        cursor: &mut Cursor<'a>,
        names: &[&str; N],
    ) -> Result<(), Expected> {
        let mut nesting = Nesting::new();
        let mut has_more = cursor.enter(b'}');
        while has_more {
            let name = cursor.name()?;
            let index = names.iter().position(|known| known.as_bytes() == name);
            let index = index.or_else(|| decoded_index(names, name));
            let value = Value::read(cursor, &mut nesting)?;
            if let Some(index) = index {
                if self.members[index].replace(value).is_some() {
                    self.duplicate.get_or_insert((index, value));
                }
            }
            has_more = cursor.more(true)?;
        }
        Ok(())
    }
}

/// The index of a name that has escapes.
#[cold]
fn decoded_index(names: &[&str], name: &[u8]) -> Option<usize> {
    if !name.contains(&b'\\') {
        return None;
    }
    let decoded = escape::decode(name);
    names.iter().position(|known| known.as_bytes() == decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'a, const N: usize>(text: &'a str, names: [&str; N]) -> Object<'a, N> {
        let mut object = Object::new();
        let mut cursor = Cursor::new(text.as_bytes(), true);
        object.read(&mut cursor, &names).unwrap();
        object
    }

    #[test]
    fn members_are_found_by_name_with_and_without_escapes() {
        let text = r#" {"x":1,"\u0061":[2] , "b":null,"\ud83d":{}}"#.trim_start();
        let found = read(text, ["a", "b", "c"]);
        let texts = found.members.map(|value| value.map(Value::json));
        assert_eq!(texts, [Some(&b"[2]"[..]), Some(b"null"), None]);
        assert!(found.duplicate.is_none());
        assert!(read("{ }", ["a"]).members[0].is_none());
    }

    #[test]
    fn the_first_member_given_twice_is_reported() {
        let found = read(r#"{"a":1,"b":2,"b":3,"a":4}"#, ["a", "b"]);
        let (index, value) = found.duplicate.unwrap();
        assert_eq!((index, value.json(), value.offset()), (1, &b"3"[..], 17));
    }
}
