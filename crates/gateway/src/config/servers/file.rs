//! Servers from a file in the form of Claude Desktop and others.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use http::{HeaderName, HeaderValue};
use serde::Deserialize;

use crate::config::files::read;

use super::{
    target::Target,
    text::{check_name, command, upstream},
};

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

/// Returns the names and the servers of a file. Disabled ones are left out.
pub(super) fn servers(path: &Path) -> Result<Vec<(String, Target)>, String> {
    let in_file = |error: String| format!("--config {}: {error}", path.display());
    let text = read("--config", path)?;
    let file: File = serde_json::from_slice(&text).map_err(|error| in_file(error.to_string()))?;
    let mut servers = Vec::new();
    for (name, entry) in file.servers {
        let of_entry = |error: String| in_file(format!("{name:?} {error}"));
        if let Some(target) = entry.target().map_err(of_entry)? {
            check_name(&name).map_err(of_entry)?;
            servers.push((name, target));
        }
    }
    Ok(servers)
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
