use std::{error::Error, fmt, sync::Arc};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All characters but those that a path may contain unescaped (RFC 3986, section 3.3). `%` is escaped,
/// because paths are given as plain text. `\` is escaped, because browsers read it as a slash.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@');

/// The path that clients post to, checked and percent-encoded.
///
/// It is given as plain text and announced percent-encoded: a space becomes `%20`, `ü` becomes its
/// escaped UTF-8 bytes, and `%` becomes `%25`. See the [module docs](crate::endpoint).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint(Arc<str>);

/// A path prefix under which the services are mounted, announced in front of the endpoint.
///
/// To set the prefix for one request, put a `MountPath` into the extensions of the `GET` in a middleware. It
/// replaces the configured prefix. It corresponds to `root_path` in ASGI.
///
/// A prefix is given as plain text and announced percent-encoded. Slashes at the end are removed. An empty prefix
/// is allowed.
///
/// ```
/// use mcp_sse_server::endpoint::MountPath;
///
/// let mut request = http::Request::get("/sse").body(())?;
/// request.extensions_mut().insert(MountPath::new("/tenants/7")?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MountPath(Arc<str>);

impl Endpoint {
    /// Checks and encodes a path such as `/messages/`. Adds a missing slash at the start.
    pub(crate) fn new(path: impl AsRef<str>) -> Result<Self, InvalidEndpoint> {
        let path = path.as_ref();
        if path.is_empty() {
            return Err(InvalidEndpoint::new(
                path,
                "/messages/",
                "must not be empty",
            ));
        }
        encode(path, "/messages/").map(|path| Self(path.into()))
    }

    /// The path in its announced form, percent-encoded.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self("/messages/".into())
    }
}

impl MountPath {
    /// Checks and encodes a prefix such as `/api`. Adds a missing slash at the start, and removes slashes at
    /// the end. An empty text means no prefix.
    ///
    /// # Errors
    ///
    /// `path` is a full URL, starts with `//`, has a `?`, a `#` or a control character, or has a `.` or `..`
    /// segment.
    pub fn new(path: impl AsRef<str>) -> Result<Self, InvalidEndpoint> {
        let encoded = encode(path.as_ref(), "/api")?;
        Ok(Self(encoded.trim_end_matches('/').into()))
    }

    /// The prefix in its announced form: empty, or percent-encoded with one slash at the start.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

text_traits!(MountPath, InvalidEndpoint);

/// No prefix.
impl Default for MountPath {
    fn default() -> Self {
        Self("".into())
    }
}

fn encode(path: &str, example: &'static str) -> Result<String, InvalidEndpoint> {
    let refuse = |rule| Err(InvalidEndpoint::new(path, example, rule));
    if path.contains("://") || path.starts_with("//") {
        return refuse("must be a path without scheme and host");
    }
    if path.contains(['?', '#']) {
        return refuse("must have no query and no fragment");
    }
    if path.contains(char::is_control) {
        return refuse("must have no control characters");
    }
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return refuse("must have no `.` and no `..` segment");
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    Ok(format!("{slash}{}", utf8_percent_encode(path, ESCAPED)))
}

/// A text is not a path that can be announced.
///
/// `Display` shows the text, the broken rule and a valid example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEndpoint {
    value: Box<str>,
    example: &'static str,
    rule: &'static str,
}

impl InvalidEndpoint {
    fn new(value: &str, example: &'static str, rule: &'static str) -> Self {
        let value = value.into();
        Self {
            value,
            example,
            rule,
        }
    }

    /// The text that was given.
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            value,
            example,
            rule,
        } = self;
        write!(
            f,
            "{value:?} {rule}, such as {example:?}: clients resolve it against the URL of their stream",
        )
    }
}

impl Error for InvalidEndpoint {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_percent_encoded_and_starts_with_one_slash() {
        for (given, announced) in [
            ("/", "/"),
            ("/messages/", "/messages/"),
            ("messages", "/messages"),
            ("/a b", "/a%20b"),
            ("/100%", "/100%25"),
            ("/%2e%2e/x", "/%252e%252e/x"),
            ("/ü/日", "/%C3%BC/%E6%97%A5"),
            (r"\\evil", "/%5C%5Cevil"),
            (r"/\evil", "/%5Cevil"),
            ("/a//b", "/a//b"),
            ("/a:b@c;d=e,f", "/a:b@c;d=e,f"),
            ("/\"<>^`{|}", "/%22%3C%3E%5E%60%7B%7C%7D"),
            ("/...", "/..."),
        ] {
            let endpoint = Endpoint::new(given).unwrap();
            assert_eq!(endpoint.as_str(), announced, "{given:?}");
            http::Uri::try_from(endpoint.as_str()).unwrap();
        }
    }

    #[test]
    fn an_invalid_path_is_refused_with_its_value_and_an_example() {
        for given in [
            "http://host/m",
            "https://host",
            "x://",
            "//host/m",
            "//",
            "/m?x=1",
            "?",
            "/m#f",
            "#",
            "/a\r\nb",
            "/a\0b",
            "/\u{7f}",
            "/\u{85}",
            ".",
            "..",
            "/./m",
            "/a/../b",
            "/a/..",
            "../m",
        ] {
            let endpoint = Endpoint::new(given).unwrap_err();
            assert_eq!(endpoint.value(), given);
            let text = endpoint.to_string();
            assert!(text.starts_with(&format!("{given:?} must ")), "{text}");
            assert!(text.contains("such as \"/messages/\""), "{text}");
            assert!(!text.contains('\n') && !text.contains('\r'), "{text:?}");
            assert!(
                MountPath::new(given)
                    .unwrap_err()
                    .to_string()
                    .contains("such as \"/api\"")
            );
        }
        assert!(
            Endpoint::new("")
                .unwrap_err()
                .to_string()
                .contains("must not be empty")
        );
    }

    #[test]
    fn a_prefix_ends_without_a_slash() {
        for (given, announced) in [
            ("", ""),
            ("/", ""),
            ("/api", "/api"),
            ("api//", "/api"),
            ("/a/b/", "/a/b"),
        ] {
            assert_eq!(
                MountPath::new(given).unwrap().as_str(),
                announced,
                "{given:?}"
            );
        }
        assert_eq!(MountPath::default(), MountPath::new("").unwrap());
    }
}
