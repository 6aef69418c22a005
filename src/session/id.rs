use std::{error::Error, fmt, str::FromStr};

use uuid::Uuid;

/// The id of a session: 122 random bits, in the form of a version 4 UUID.
///
/// It is a secret: a client that knows it can post to the session. `Debug` prints only the first eight
/// digits. This is enough to find the session in a log, and not enough to post to it.
///
/// ```
/// use mcp_sse_server::session::SessionId;
///
/// let id: SessionId = "0a4c6d9e8b7f4a1392e6d3c5b1a09f8e".parse()?;
/// assert_eq!(format!("{id:?}"), "SessionId(0a4c6d9e..)");
/// assert_eq!(id.expose_secret().to_string(), "0a4c6d9e8b7f4a1392e6d3c5b1a09f8e");
/// # Ok::<(), mcp_sse_server::session::InvalidSessionId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SessionId(Uuid);

impl SessionId {
    /// An id from the operating system's random generator. Panics if the generator fails.
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The first eight digits, for logs.
    pub(crate) fn prefix(&self) -> u32 {
        self.0.as_fields().0
    }

    pub(crate) fn uuid(&self) -> Uuid {
        self.0
    }

    /// The whole id, as 32 hexadecimal digits. Keep it out of logs.
    pub fn expose_secret(&self) -> impl fmt::Display + use<> {
        self.0.simple()
    }
}

impl From<Uuid> for SessionId {
    fn from(id: Uuid) -> Self {
        Self(id)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:08x}..)", self.prefix())
    }
}

/// Parses a UUID in any form: 32 digits, with hyphens, in braces, or as a URN.
impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| InvalidSessionId)
    }
}

/// The error for a text that is not a UUID, and therefore not a [`SessionId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSessionId;

impl fmt::Display for InvalidSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session id must be a UUID, such as 32 hexadecimal digits")
    }
}

impl Error for InvalidSessionId {}
