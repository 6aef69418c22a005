use std::{borrow::Cow, error::Error, fmt};

/// A text is not one JSON-RPC 2.0 message of MCP.
///
/// `Display` and `Debug` say what is wrong and at which byte; they never quote the text, so they may be
/// logged. The wording is not part of the public promise, [`kind`](Self::kind) is.
pub struct InvalidMessage {
    kind: InvalidMessageKind,
    what: Cow<'static, str>,
    offset: Option<usize>,
    source: Option<serde_json::Error>,
}

/// Which rule an [`InvalidMessage`] breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidMessageKind {
    /// Not UTF-8.
    Encoding,
    /// Not JSON: a syntax error, an empty text, a byte order mark, text after the message.
    Syntax,
    /// A string holds half of a surrogate pair, which is no Unicode character.
    LoneSurrogate,
    /// An array: batches are not part of MCP 2024-11-05.
    Batch,
    /// JSON, but not an object.
    NotAnObject,
    /// A member of the envelope is given twice.
    Duplicate,
    /// `jsonrpc` is missing or is not `"2.0"`.
    Jsonrpc,
    /// `id` is missing or of a type that it may not have.
    Id,
    /// `method` is not a string.
    Method,
    /// `params` is neither absent nor `null` nor an object.
    Params,
    /// `result` is not an object.
    Result,
    /// `error` is not an object with an integer `code` and a string `message`.
    Error,
    /// None of `method`, `result` and `error`, or more than one of them.
    Shape,
    /// The message, or the value to make one of, does not fit the Rust type.
    Type,
}

impl InvalidMessage {
    pub(super) fn new(kind: InvalidMessageKind, what: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            what: what.into(),
            offset: None,
            source: None,
        }
    }

    pub(super) fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The cause is kept for `source()` only where it cannot quote the text: serde's type errors do.
    pub(super) fn typed(what: &'static str, source: serde_json::Error) -> Self {
        Self {
            source: Some(source),
            ..Self::new(InvalidMessageKind::Type, what)
        }
    }

    /// Which rule is broken.
    pub fn kind(&self) -> InvalidMessageKind {
        self.kind
    }

    /// The byte of the text at which it is wrong, counted from 0, where one byte can be named.
    pub fn offset(&self) -> Option<usize> {
        self.offset
    }
}

impl fmt::Display for InvalidMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.offset {
            Some(offset) => write!(f, " (at byte {offset})"),
            None => Ok(()),
        }
    }
}

/// Without the source, which is serde's and may quote the text.
impl fmt::Debug for InvalidMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            what,
            offset,
            source: _,
        } = self;
        f.debug_struct("InvalidMessage")
            .field("kind", kind)
            .field("what", what)
            .field("offset", offset)
            .finish_non_exhaustive()
    }
}

impl Error for InvalidMessage {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}
