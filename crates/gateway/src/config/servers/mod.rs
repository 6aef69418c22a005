//! The servers behind the gateway: from COMMAND, `--upstream`, `--server` and `--config`.

mod file;
mod target;
mod text;

use crate::cli::Flags;

use self::text::{command, named, upstream};

pub(crate) use self::target::{ChildCommand, Server, Target, UpstreamServer};

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
        let in_file = file::servers(path)?;
        targets.extend(
            in_file
                .into_iter()
                .map(|(name, target)| (Some(name), target)),
        );
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
