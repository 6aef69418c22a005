use std::fmt::Write;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use uuid::{Uuid, fmt::Simple};

use super::{
    node::NodeName,
    path::{Endpoint, MountPath},
    query::{is_node, is_session_id, pairs},
};

/// Characters that `http::Uri` accepts in a query and RFC 3986 does not. `%` stays, so that existing escapes
/// do not change.
const NOT_IN_QUERY: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The URI of a session, for the `endpoint` event.
///
/// `carried` is the query of the stream's `GET`, if the option `carry_query` is set. A `session_id` in it is
/// left out, because a `POST` with two of them is refused. If the server has a name, a `node` is left out, too:
/// proxies must read the server's own name.
pub(crate) fn announce(
    mount: &MountPath,
    endpoint: &Endpoint,
    id: Uuid,
    node: Option<&NodeName>,
    carried: Option<&str>,
) -> String {
    let mut secret = [0; Simple::LENGTH];
    let id = &*id.simple().encode_lower(&mut secret);
    let [name, value] = node.map_or([""; 2], |node| ["&node=", node.as_str()]);
    let (mount, endpoint) = (mount.as_str(), endpoint.as_str());
    let mut uri = [mount, endpoint, "?session_id=", id, name, value].concat();
    for pair in carried.map(pairs).into_iter().flatten() {
        let is_ours = is_session_id(pair) || node.is_some() && is_node(pair);
        if !is_ours {
            let pair = utf8_percent_encode(pair, NOT_IN_QUERY);
            write!(uri, "&{pair}").expect("writing to a string does not fail");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_uri_is_the_prefix_the_path_the_id_and_the_carried_query() {
        let id = Uuid::new_v4();
        let secret = id.simple();
        for (mount, endpoint, carried, announced) in [
            ("", "/messages/", None, "/messages/?session_id=ID"),
            ("/api", "/messages/", None, "/api/messages/?session_id=ID"),
            ("/", "messages", Some(""), "/messages?session_id=ID"),
            ("/api/", "/", Some("a=1&b"), "/api/?session_id=ID&a=1&b"),
            (
                "",
                "/m",
                Some("session_id=x&a=%20&&session%5fid=y&session_idx"),
                "/m?session_id=ID&a=%20&session_idx",
            ),
            (
                "",
                "/m",
                Some("q={\"ü\"}|"),
                "/m?session_id=ID&q=%7B%22%C3%BC%22%7D%7C",
            ),
        ] {
            let mount = MountPath::new(mount).unwrap();
            let endpoint = Endpoint::new(endpoint).unwrap();
            let uri = announce(&mount, &endpoint, id, None, carried);
            assert_eq!(uri, announced.replace("ID", &secret.to_string()));
        }
    }

    #[test]
    fn the_node_follows_the_id_and_replaces_a_carried_node() {
        let id = Uuid::new_v4();
        let secret = id.simple();
        let (mount, endpoint) = (MountPath::default(), Endpoint::new("/m").unwrap());
        let node = NodeName::new("a1").unwrap();
        for (node, carried, announced) in [
            (Some(&node), None, "/m?session_id=ID&node=a1"),
            (Some(&node), Some("x=1"), "/m?session_id=ID&node=a1&x=1"),
            (
                Some(&node),
                Some("node=b&n%6Fde=b&x=1&node&nodes=2"),
                "/m?session_id=ID&node=a1&x=1&nodes=2",
            ),
            (None, Some("node=b"), "/m?session_id=ID&node=b"),
        ] {
            let uri = announce(&mount, &endpoint, id, node, carried);
            assert_eq!(uri, announced.replace("ID", &secret.to_string()));
        }
    }
}
