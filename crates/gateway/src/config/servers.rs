//! The servers behind the gateway: from COMMAND, `--upstream`, `--server` and `--config`.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use http::{HeaderMap, HeaderName, HeaderValue};
use reqwest::Url;
use serde::Deserialize;

use crate::cli::Flags;

use super::files::read;

/// A server and the path where clients open their streams.
#[derive(Debug)]
pub(crate) struct Server {
    /// `None` for the server without a name.
    pub(crate) name: Option<String>,
    pub(crate) path: String,
    pub(crate) target: Target,
}

#[derive(Clone, Debug)]
pub(crate) enum Target {
    Child(ChildCommand),
    Upstream(UpstreamServer),
}

/// How to start a stdio server.
#[derive(Clone, Debug)]
pub(crate) struct ChildCommand {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) env: BTreeMap<String, String>,
    pub(crate) folder: Option<PathBuf>,
}

/// Where a Streamable HTTP server is, and the headers that each request to it has.
#[derive(Clone, Debug)]
pub(crate) struct UpstreamServer {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

/// A file in the form of Claude Desktop and others.
#[derive(Deserialize)]
struct File {
    #[serde(rename = "mcpServers")]
    servers: BTreeMap<String, Entry>,
}

#[derive(Deserialize)]
struct Entry {
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    cwd: Option<PathBuf>,
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default, alias = "transport")]
    r#type: Option<String>,
    #[serde(default)]
    disabled: bool,
}

/// Returns all servers. Names differ, and at most one server has none.
pub(super) fn all(flags: &Flags) -> Result<Vec<Server>, String> {
    let mut targets = Vec::new();
    match (flags.command.split_first(), &flags.upstream) {
        (Some(_), Some(_)) => {
            return Err(
                "COMMAND and --upstream exclude each other: give one a name with --server"
                    .to_owned(),
            );
        }
        (Some((program, arguments)), None) => {
            targets.push((None, command(program, arguments.to_vec())?))
        }
        (None, Some(url)) => targets.push((
            None,
            upstream(url).map_err(|error| format!("--upstream {error}"))?,
        )),
        (None, None) => {}
    }
    for text in &flags.server {
        let (name, target) = named(text).map_err(|error| format!("--server {text:?} {error}"))?;
        targets.push((Some(name), target));
    }
    if let Some(path) = &flags.config {
        let in_file = |error: String| format!("--config {}: {error}", path.display());
        let text = read("--config", path)?;
        let file: File =
            serde_json::from_slice(&text).map_err(|error| in_file(error.to_string()))?;
        for (name, entry) in file.servers {
            if let Some(target) = entry
                .target()
                .map_err(|error| in_file(format!("{name:?} {error}")))?
            {
                check_name(&name).map_err(|error| in_file(format!("{name:?} {error}")))?;
                targets.push((Some(name), target));
            }
        }
    }
    if targets.is_empty() {
        return Err(
            "no server: give a COMMAND, --upstream URL, --server NAME=COMMAND or --config FILE"
                .to_owned(),
        );
    }
    let mut servers: Vec<Server> = Vec::new();
    for (name, target) in targets {
        if servers.iter().any(|server| server.name == name) {
            return Err(format!(
                "two servers have the name {:?}, give each another",
                name.unwrap_or_default()
            ));
        }
        let sse = flags.sse_path.trim_start_matches('/');
        let path = match &name {
            None => format!("/{sse}"),
            Some(name) => format!("/{name}/{sse}"),
        };
        servers.push(Server { name, path, target });
    }
    Ok(servers)
}

/// Parses `NAME=COMMAND ARG...` or `NAME=URL`.
fn named(text: &str) -> Result<(String, Target), String> {
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

fn check_name(name: &str) -> Result<(), String> {
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

fn upstream(text: &str) -> Result<Target, String> {
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
fn command(program: &OsStr, arguments: Vec<OsString>) -> Result<Target, String> {
    let found = which::which(program)
        .map_err(|error| format!("cannot find the command {program:?}: {error}"))?;
    Ok(Target::Child(ChildCommand {
        program: found,
        arguments,
        env: BTreeMap::new(),
        folder: None,
    }))
}

impl Entry {
    /// `None` if the entry is disabled.
    fn target(self) -> Result<Option<Target>, String> {
        if self.disabled {
            return Ok(None);
        }
        if self.r#type.as_deref() == Some("sse") {
            return Err(
                "is of the type \"sse\": it needs no gateway, allowed are \"stdio\" and \"http\""
                    .to_owned(),
            );
        }
        let target = match (self.command, self.url) {
            (Some(program), None) => {
                let mut target = command(
                    program.as_ref(),
                    self.args.into_iter().map(Into::into).collect(),
                )?;
                if let Target::Child(child) = &mut target {
                    (child.env, child.folder) = (self.env, self.cwd);
                }
                target
            }
            (None, Some(url)) => {
                let mut target = upstream(&url)?;
                if let Target::Upstream(upstream) = &mut target {
                    for (name, value) in self.headers {
                        let header = (name.parse::<HeaderName>().ok())
                            .zip(value.parse::<HeaderValue>().ok());
                        let (header, value) = header
                            .ok_or_else(|| format!("has a header {name:?} that is not valid"))?;
                        upstream.headers.insert(header, value);
                    }
                }
                target
            }
            _ => return Err("must have either a \"command\" or a \"url\"".to_owned()),
        };
        Ok(Some(target))
    }
}
