//! What is inside params, a result and an error, read by serde.

use serde::Deserialize;
use serde_json::{Deserializer, Error};

use super::{message::Message, read::text::str_of};

/// How much of serde's words is shown to the client: they may quote the params.
const MAX_WORDS: usize = 200;

/// Reads the params. Those that are absent are `null`, or an empty object if the type takes no `null`.
pub(super) fn params<'a, T: Deserialize<'a>>(message: &'a Message) -> Result<T, Error> {
    match message.content() {
        Some(content) if !content.starts_with(b"null") => first(content),
        _ => first(b"null").or_else(|_| first(b"{}")),
    }
}

/// Reads the value that a text begins with. What follows was checked already.
pub(super) fn first<'a, T: Deserialize<'a>>(text: &'a [u8]) -> Result<T, Error> {
    // From a `str`: serde_json then does not check the encoding of each string.
    T::deserialize(&mut Deserializer::from_str(str_of(text)))
}

/// serde's words for an error after `what`, without the place, which is counted from where `first` began.
#[cold]
pub(super) fn words(error: &Error, what: &str) -> String {
    let (words, place) = (
        error.to_string(),
        format!(" at line {} column {}", error.line(), error.column()),
    );
    let words = words.strip_suffix(&place).unwrap_or(&words);
    match words.char_indices().nth(MAX_WORDS) {
        Some((end, _)) => format!("{what}: {}…", &words[..end]),
        None => format!("{what}: {words}"),
    }
}
