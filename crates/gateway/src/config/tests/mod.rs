mod servers;
mod tokens;

use clap::Parser;

use super::*;

fn config(arguments: &[&str]) -> Result<Config, String> {
    let all = [&["mcp-sse-gateway"], arguments].concat();
    Config::new(Flags::try_parse_from(all).unwrap(), None)
}

fn error(arguments: &[&str]) -> String {
    config(arguments).err().unwrap_or_default()
}

/// Writes a file for one test.
fn file(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("gateway-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}
