//! Bearer tokens, each with the name of its owner.

use std::{collections::HashSet, path::Path};

use subtle::ConstantTimeEq;

use super::files::read;

/// The known tokens. Only requests with one of them are served.
pub(crate) struct Tokens {
    /// Names and tokens.
    entries: Vec<(String, String)>,
}

impl Tokens {
    /// Reads tokens from a file, or from the value of `MCP_SSE_GATEWAY_TOKENS`. `None` if there is neither.
    ///
    /// Each line is `NAME TOKEN`. Empty lines and lines that begin with `#` are ignored. A variable may have
    /// commas instead of line breaks.
    pub(super) fn read(
        file: Option<&Path>,
        variable: Option<String>,
    ) -> Result<Option<Self>, String> {
        match (file, variable) {
            (None, None) => Ok(None),
            (Some(_), Some(_)) => {
                Err("--tokens-file and MCP_SSE_GATEWAY_TOKENS exclude each other".to_owned())
            }
            (Some(path), None) => {
                let text = read("--tokens-file", path)?;
                let from = format!("--tokens-file {}", path.display());
                let text =
                    String::from_utf8(text).map_err(|_| format!("{from}: must be in UTF-8"))?;
                Self::parse(&text, &['\n'])
                    .map(Some)
                    .map_err(|error| format!("{from}: {error}"))
            }
            (None, Some(text)) => Self::parse(&text, &['\n', ','])
                .map(Some)
                .map_err(|error| format!("MCP_SSE_GATEWAY_TOKENS: {error}")),
        }
    }

    fn parse(text: &str, ends: &[char]) -> Result<Self, String> {
        let lines = text.split(ends).map(str::trim).enumerate();
        let mut entries = Vec::new();
        let mut known = HashSet::new();
        for (at, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            // An error names the line, never the token.
            let entry = |rule: &str| format!("entry {} {rule}", at + 1);
            let (name, token) = line
                .split_once(char::is_whitespace)
                .ok_or_else(|| entry("must be NAME TOKEN"))?;
            let token = token.trim_start();
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(entry(
                    "must have a token of visible ASCII characters without spaces",
                ));
            }
            if token.len() < 16 {
                return Err(entry("must have a token of at least 16 characters"));
            }
            if !known.insert(token.to_owned()) {
                return Err(entry(
                    "has the token of another name, give each name its own",
                ));
            }
            entries.push((name.to_owned(), token.to_owned()));
        }
        match entries.is_empty() {
            true => Err("has no line NAME TOKEN".to_owned()),
            false => Ok(Self { entries }),
        }
    }

    /// Returns the name of the token's owner. The time does not depend on how much of a token matches.
    pub(crate) fn owner(&self, token: &[u8]) -> Option<&str> {
        let mut owner = None;
        for (name, known) in &self.entries {
            if bool::from(known.as_bytes().ct_eq(token)) {
                owner = Some(name.as_str());
            }
        }
        owner
    }
}
