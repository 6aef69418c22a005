use crate::message::{id::RequestId, owned_id::OwnedRequestId};

use super::{
    cursor::{Cursor, Value},
    reader::{is_integer, string},
    scan::Chars,
    text::str_of,
};

/// The string or the integer at a path of members below an object. `None` if there is none. Nothing else is
/// kept, so that a large text costs no memory.
pub(crate) fn field(object: &[u8], path: &[&str]) -> Option<OwnedRequestId> {
    let mut value = Value(0, object);
    for name in path {
        let Value(_, [b'{', ..]) = value else {
            return None;
        };
        let members = Cursor::new(value.1, Chars::Lines).object(&[name]);
        let Value(_, json) = members.ok()?.values[0]?;
        value = Value(0, json);
    }
    if is_integer(value) {
        return Some(RequestId::Integer(str_of(value.1)).into());
    }
    Some(RequestId::String(string(value)?.resolve(value.1)).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_string_or_integer_at_a_path_is_found_and_nothing_else() {
        let id = |text: &str| field(text.as_bytes(), &["params", "requestId"]);
        let cancelled = |id: &str| format!(r#"{{"a":[{{}}],"params":{{"b":1,"requestId":{id}}}}}"#);
        for integer in ["7", "-7", "-0", "123456789012345678901234567890"] {
            let found = id(&cancelled(integer)).unwrap();
            assert_eq!(found, RequestId::Integer(integer));
        }
        assert_eq!(
            id(&cancelled(r#""a\u0062""#)),
            Some(RequestId::String("ab").into())
        );
        for none in ["null", "true", "1.5", "1e3", "[]", "{}", "[[1]]"] {
            assert_eq!(id(&cancelled(none)), None, "{none}");
        }
        for none in [
            "{}",
            r#"{"params":7}"#,
            r#"{"params":[]}"#,
            r#"{"requestId":7}"#,
        ] {
            assert_eq!(id(none), None, "{none}");
        }
    }
}
