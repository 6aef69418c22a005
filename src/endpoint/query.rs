use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::response::RejectionKind;

use super::node::NodeName;

const SESSION_ID: &str = "session_id";
const NODE: &str = "node";

/// Reads the session's id from the query of a POST.
pub(crate) fn session_id(query: Option<&str>) -> Result<Uuid, RejectionKind> {
    // Fast path: the form that the endpoint event announces.
    let query = query.unwrap_or_default();
    if let Some(id) = query.strip_prefix("session_id=") {
        if let Ok(id) = Uuid::try_parse(id) {
            return Ok(id);
        }
    }
    let mut ids = pairs(query).filter(|pair| is_session_id(pair));
    let pair = ids.next().ok_or(RejectionKind::SessionIdMissing)?;
    if ids.next().is_some() {
        return Err(RejectionKind::SessionIdInvalid);
    }
    let value = pair.split_once('=').map_or("", |(_, value)| value);
    Uuid::try_parse(value)
        .or_else(|_| Uuid::try_parse(&percent_decode_str(value).decode_utf8_lossy()))
        .map_err(|_| RejectionKind::SessionIdInvalid)
}

/// Reads the node's name from the query of a POST. `None` if it is invalid or given twice.
pub(crate) fn node(query: Option<&str>) -> Option<NodeName> {
    let mut nodes = pairs(query.unwrap_or_default()).filter(|pair| is_node(pair));
    let (Some(pair), None) = (nodes.next(), nodes.next()) else {
        return None;
    };
    // Escapes are not decoded, because a name needs none.
    let (_, value) = pair.split_once('=')?;
    NodeName::new(value).ok()
}

/// The pairs of a query, not decoded.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = &str> {
    query.split('&').filter(|pair| !pair.is_empty())
}

pub(super) fn is_session_id(pair: &str) -> bool {
    is_named(pair, SESSION_ID)
}

pub(super) fn is_node(pair: &str) -> bool {
    is_named(pair, NODE)
}

/// Whether the pair has the name `wanted`, with or without escapes.
fn is_named(pair: &str, wanted: &str) -> bool {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    name == wanted || name.contains('%') && percent_decode_str(name).eq(wanted.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_read_in_every_form_of_a_uuid() {
        let id = Uuid::try_parse("0123456789abcdef0123456789abcdef").unwrap();
        for query in [
            "session_id=0123456789abcdef0123456789abcdef",
            "session_id=0123456789ABCDEF0123456789abcdef",
            "session_id=01234567-89ab-cdef-0123-456789abcdef",
            "session_id=urn:uuid:01234567-89ab-cdef-0123-456789abcdef",
            "session_id={01234567-89ab-cdef-0123-456789abcdef}",
            "session_id=%7B01234567-89ab-cdef-0123-456789abcdef%7D",
            "a=1&session_id=0123456789abcdef0123456789abcdef&b=2",
            "session%5Fid=0123456789abcdef0123456789abcde%66",
        ] {
            assert_eq!(session_id(Some(query)), Ok(id), "{query}");
        }
    }

    #[test]
    fn a_missing_id_is_distinguished_from_an_invalid_one() {
        use RejectionKind::{SessionIdInvalid as Invalid, SessionIdMissing as Missing};
        let id = "session_id=0123456789abcdef0123456789abcdef";
        let twice = format!("{id}&{id}");
        let cut = format!("{id}0");
        for (query, error) in [
            (None, Missing),
            (Some(""), Missing),
            (Some("a=1"), Missing),
            (Some("Session_id=0123456789abcdef0123456789abcdef"), Missing),
            (
                Some("xsession_id=0123456789abcdef0123456789abcdef"),
                Missing,
            ),
            (Some("session_id"), Invalid),
            (Some("session_id="), Invalid),
            (Some("session_id=x"), Invalid),
            (Some("session_id=%ff"), Invalid),
            (Some(cut.as_str()), Invalid),
            (Some(twice.as_str()), Invalid),
            (
                Some("session_id&session_id=0123456789abcdef0123456789abcdef"),
                Invalid,
            ),
        ] {
            assert_eq!(session_id(query), Err(error), "{query:?}");
        }
    }

    #[test]
    fn a_node_is_read_only_if_it_is_given_once_and_valid() {
        for (query, name) in [
            ("session_id=x&node=a1", Some("a1")),
            ("node=a1", Some("a1")),
            ("n%6Fde=a1&b=2", Some("a1")),
            ("", None),
            ("node", None),
            ("node=", None),
            ("Node=a1", None),
            ("nodes=a1", None),
            ("node=A1", None),
            ("node=a.b", None),
            ("node=*", None),
            ("node=%3E", None),
            ("node=a%31", None),
            ("node=a1&node=a1", None),
            ("node=a1&n%6fde=a2", None),
            ("node=a1&node", None),
        ] {
            let node = node(Some(query));
            assert_eq!(node.as_ref().map(NodeName::as_str), name, "{query}");
        }
        assert_eq!(node(None), None);
    }
}
