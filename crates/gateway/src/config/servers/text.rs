//! Servers from the text of a flag.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
};

use http::HeaderMap;
use reqwest::Url;

use super::target::{ChildCommand, Target, UpstreamServer};

/// Parses `NAME=COMMAND ARG...` or `NAME=URL`.
pub(super) fn named(text: &str) -> Result<(String, Target), String> {
    let (name, server) = text
        .split_once('=')
        .ok_or("must be NAME=COMMAND or NAME=URL")?;
    check_name(name)?;
    if is_url(server) {
        return Ok((name.to_owned(), upstream(server)?));
    }
    let words = shlex::split(server).ok_or("has a quote without its end")?;
    let mut words = words.into_iter().map(OsString::from);
    let program = words
        .next()
        .ok_or("must have a command or a URL after the =")?;
    Ok((name.to_owned(), command(&program, words.collect())?))
}

pub(super) fn check_name(name: &str) -> Result<(), String> {
    let valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    match !name.is_empty() && !name.starts_with('.') && name.bytes().all(valid) {
        true => Ok(()),
        false => Err(
            "must have a name of letters, digits, -, _ and ., and no . first: it is part of a path"
                .to_owned(),
        ),
    }
}

fn is_url(text: &str) -> bool {
    text.starts_with("http://") || text.starts_with("https://")
}

pub(super) fn upstream(text: &str) -> Result<Target, String> {
    match text.parse::<Url>() {
        Ok(url) if is_url(url.as_str()) => Ok(Target::Upstream(UpstreamServer {
            url,
            headers: HeaderMap::new(),
        })),
        Ok(_) => Err(format!("{text:?} must begin with http:// or https://")),
        Err(error) => Err(format!("{text:?} is not a URL: {error}")),
    }
}

/// Finds the program, so that a wrong name is an error at the start and not in the first session.
pub(super) fn command(program: &OsStr, arguments: Vec<OsString>) -> Result<Target, String> {
    let found = which::which(program)
        .map_err(|error| format!("cannot find the command {program:?}: {error}"))?;
    Ok(Target::Child(ChildCommand {
        program: found,
        arguments,
        env: BTreeMap::new(),
        folder: None,
    }))
}
