use std::{error::Error, fmt, sync::Arc};

const MOST: usize = 63;

/// The name of a server among several. The URIs of its sessions contain it: `&node=a1`.
///
/// A name has 1 to 63 lower case letters, digits and hyphens, with no hyphen first or last. The names of
/// Kubernetes pods and the labels of host names have this form. Such a name needs no escapes in a query, in a
/// key of a proxy's map, or in a subject of a message broker.
///
/// ```
/// use mcp_sse_server::endpoint::NodeName;
///
/// assert_eq!(NodeName::new("mcp-0")?.as_str(), "mcp-0");
/// assert_eq!(
///     NodeName::new("a.*").unwrap_err().to_string(),
///     "\"a.*\" is not a node name: it must be 1 to 63 lower case letters, digits and hyphens, \
///      with no hyphen first or last, such as \"mcp-0\"",
/// );
/// # Ok::<(), mcp_sse_server::endpoint::InvalidNodeName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeName(Arc<str>);

impl NodeName {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// The name is empty, is longer than 63 bytes, has a character other than `a` to `z`, `0` to `9` and
    /// `-`, or starts or ends with `-`.
    pub fn new(name: impl AsRef<str>) -> Result<Self, InvalidNodeName> {
        let name = name.as_ref();
        match is_name(name) {
            true => Ok(Self(name.into())),
            false => Err(InvalidNodeName(name.into())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_name(name: &str) -> bool {
    (1..=MOST).contains(&name.len())
        && name
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        && !name.starts_with('-')
        && !name.ends_with('-')
}

text_traits!(NodeName, InvalidNodeName);

/// A text is not a [`NodeName`].
///
/// `Display` shows the text and the rule for names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidNodeName(Box<str>);

impl InvalidNodeName {
    /// The text that was given.
    pub fn value(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InvalidNodeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a node name: it must be 1 to {MOST} lower case letters, digits and hyphens, with \
             no hyphen first or last, such as \"mcp-0\"",
            self.0
        )
    }
}

impl Error for InvalidNodeName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_of_a_host_name_is_a_name() {
        let longest = "x".repeat(MOST);
        for name in ["a", "0", "a1", "mcp-0", "a--b", longest.as_str()] {
            assert_eq!(NodeName::new(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn a_name_has_no_character_that_a_query_a_map_or_a_broker_interprets() {
        let too_long = "x".repeat(MOST + 1);
        for name in [
            "",
            "-",
            "-a",
            "a-",
            "A1",
            "a.b",
            "a.*",
            "*",
            ">",
            "a>",
            "$sys",
            "a b",
            "a\n",
            "a\0",
            "a_b",
            "a/b",
            "a:b",
            "a&b",
            "a=b",
            "a%31",
            "a+b",
            "ä",
            "а",
            "a,b",
            "{a}",
            too_long.as_str(),
        ] {
            let error = NodeName::new(name).unwrap_err();
            assert_eq!(error.value(), name);
            let text = error.to_string();
            assert!(text.starts_with(&format!("{name:?} is not")), "{text}");
            assert!(!text.contains('\n') && !text.contains('\0'), "{text:?}");
        }
    }
}
