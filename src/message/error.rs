use std::{borrow::Cow, error::Error, fmt};

/// What JSON requires where a text is not JSON, in words that follow "expected".
pub(super) type Expected = &'static str;

/// The error for a text that is not a JSON-RPC 2.0 message of MCP, and for a value that does not fit one.
///
/// `Display` and `Debug` name the broken rule and the byte offset. They never quote the text, so they can
/// be logged. The wording may change between releases; [`kind`](Self::kind) is stable.
///
/// ```
/// use mcp_sse_server::message::{InvalidMessageKind, Message};
///
/// let error = Message::parse(r#"{"jsonrpc":"2.0","method":"ping",}"#).unwrap_err();
/// assert_eq!(error.kind(), InvalidMessageKind::Syntax);
/// assert_eq!(error.offset(), Some(33));
/// assert_eq!(error.to_string(), "a message must be JSON, expected a name in quotes (at byte 33)");
/// ```
pub struct InvalidMessage {
    kind: InvalidMessageKind,
    what: Cow<'static, str>,
    offset: Option<usize>,
    source: Option<serde_json::Error>,
}

/// The rule that a text breaks. See [`InvalidMessage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidMessageKind {
    /// The text is not UTF-8.
    Encoding,
    /// The text is not JSON: a syntax error, an empty text, a byte order mark, text after the message.
    Syntax,
    /// A string contains a lone surrogate, which is not a Unicode character.
    LoneSurrogate,
    /// The text is an array. This transport does not accept batches.
    Batch,
    /// The text is JSON, but neither an object nor an array.
    NotAnObject,
    /// A member of the envelope is given twice.
    Duplicate,
    /// `jsonrpc` is missing or is not `"2.0"`.
    Jsonrpc,
    /// `id` is missing, or its type is not allowed.
    Id,
    /// `method` is not a string.
    Method,
    /// `params` is neither absent nor `null` nor an object.
    Params,
    /// `result` is not an object.
    Result,
    /// `error` is not an object with an integer `code` and a string `message`.
    Error,
    /// There is none of `method`, `result` and `error`, or more than one of them.
    Shape,
    /// The message does not fit the Rust type, or the Rust value cannot be written as JSON.
    Type,
}

impl InvalidMessageKind {
    /// The rule in words.
    fn rule(self) -> &'static str {
        match self {
            Self::Encoding => "a message must be UTF-8",
            Self::Syntax => "a message must be JSON",
            Self::LoneSurrogate => "half of a surrogate pair is no character, escape both halves",
            Self::Batch => "a JSON-RPC batch is not a message, send each one in a POST of its own",
            Self::NotAnObject => "a message must be an object",
            Self::Duplicate => "no member may be given twice",
            Self::Jsonrpc => "`jsonrpc` must be the string \"2.0\"",
            Self::Id => "`id` must be a string or an integer, or null in an error",
            Self::Method => "`method` must be a string",
            Self::Params => "`params` must be an object, null or absent",
            Self::Result => "`result` must be an object",
            Self::Error => {
                "`error` must be an object with an integer `code` and a string `message`, each once"
            }
            Self::Shape => "a message has exactly one of `method`, `result` and `error`",
            Self::Type => "the message does not fit the type",
        }
    }
}

impl InvalidMessage {
    pub(super) fn new(kind: InvalidMessageKind) -> Self {
        Self {
            kind,
            what: kind.rule().into(),
            offset: None,
            source: None,
        }
    }

    /// Adds what was found, in words that do not quote the text.
    pub(super) fn but(mut self, found: fmt::Arguments<'_>) -> Self {
        self.what = format!("{}, {found}", self.what).into();
        self
    }

    pub(super) fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    /// The cause is available as `source()` only: serde's errors may quote the text.
    pub(super) fn typed(what: &'static str, source: serde_json::Error) -> Self {
        Self {
            what: what.into(),
            source: Some(source),
            ..Self::new(InvalidMessageKind::Type)
        }
    }

    /// The broken rule.
    pub fn kind(&self) -> InvalidMessageKind {
        self.kind
    }

    /// The byte at which the text is wrong, counted from 0. `None` if no single byte is wrong.
    ///
    /// If the text is not JSON, this is the first byte with which it cannot be JSON any more, or the length
    /// of a text that ends too early.
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

/// Without the source, which may quote the text.
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
