use std::{error::Error, fmt, str::FromStr, sync::Arc};

use uuid::{Builder, Uuid, fmt::Simple};

/// The id of a session: 122 random bits, in the form of a version 4 UUID.
///
/// Whoever knows it can post into the session, so it is a secret: `Debug` prints its first eight
/// digits, enough to find it in a log and too little to use it.
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
    /// An id from the operating system's generator.
    ///
    /// # Panics
    ///
    /// The operating system gives no random bytes.
    pub(crate) fn random() -> Self {
        Self(Uuid::new_v4())
    }

    /// The first eight digits, for logs.
    pub(crate) fn prefix(&self) -> u32 {
        self.0.as_fields().0
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Uuid::from_bytes(bytes))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The length of the text that `encode` writes.
    pub(crate) const LEN: usize = Simple::LENGTH;

    /// As `expose_secret`, without a formatter.
    pub(crate) fn encode<'a>(&self, text: &'a mut [u8; Self::LEN]) -> &'a str {
        self.0.simple().encode_lower(text)
    }

    /// The whole id, as 32 hexadecimal digits. Keep it out of logs.
    pub fn expose_secret(&self) -> impl fmt::Display + use<> {
        self.0.simple()
    }
}

/// Where the ids of new sessions come from.
#[derive(Clone, Default)]
pub(crate) enum IdSource {
    #[default]
    Random,
    Generator(Arc<dyn Fn() -> [u8; 16] + Send + Sync>),
}

impl IdSource {
    /// Six of a generator's 128 bits become the UUID's version and variant; the others stay.
    pub(super) fn next(&self) -> SessionId {
        match self {
            Self::Random => SessionId::random(),
            Self::Generator(generator) => {
                SessionId(Builder::from_random_bytes(generator()).into_uuid())
            }
        }
    }
}

impl fmt::Debug for IdSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Random => "Random",
            Self::Generator(_) => "Generator(<fn>)",
        })
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:08x}..)", self.prefix())
    }
}

/// Reads any spelling of a UUID: 32 digits, with hyphens, in braces, as a URN.
impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        Uuid::try_parse(text)
            .map(Self)
            .map_err(|_| InvalidSessionId)
    }
}

/// A text is not a UUID, and so no [`SessionId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSessionId;

impl fmt::Display for InvalidSessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session id must be a UUID, such as 32 hexadecimal digits")
    }
}

impl Error for InvalidSessionId {}
