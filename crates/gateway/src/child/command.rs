//! The command of a child, with the variables that its client's headers set.

use std::str::from_utf8;

use http::HeaderMap;
use tokio::process::Command;

use crate::{config::ChildCommand, limit::limited, values::Variable};

/// `headers` are those of the `GET` that opened the session.
pub(super) fn command(
    child: &ChildCommand,
    variables: &[Variable],
    headers: &HeaderMap,
) -> Command {
    let mut command = Command::new(&child.program);
    command.args(&child.arguments).envs(&child.env);
    // The tokens of the gateway are not meant for its children.
    command.env_remove("MCP_SSE_GATEWAY_TOKENS");
    if let Some(folder) = &child.folder {
        command.current_dir(folder);
    }
    for Variable { header, name } in variables {
        let texts = headers.get_all(header).iter();
        let texts: Vec<_> = texts.map(|text| from_utf8(text.as_bytes())).collect();
        if let [Ok(text)] = texts.as_slice() {
            command.env(name, text);
            continue;
        }
        // The child must not inherit the gateway's own value, which is not meant for this client.
        command.env_remove(name);
        if !texts.is_empty() {
            limited!(
                warn,
                "variable_unset",
                "{name} is unset: {header} is not a single value in UTF-8"
            );
        }
    }
    command
}
