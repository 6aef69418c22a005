//! The setting of the measurements: the machine and the versions.

use std::{collections::BTreeMap, fs, io, process::Command};

use crate::install::Places;

/// The crates whose versions affect the figures.
const CRATES: [&str; 7] = [
    "axum",
    "hyper",
    "mcp-sse-server",
    "rmcp",
    "rust-mcp-axum",
    "rust-mcp-sdk",
    "tokio",
];

pub(crate) fn setting(places: &Places) -> io::Result<BTreeMap<String, String>> {
    let mut setting = BTreeMap::new();
    let lock = fs::read_to_string(places.source().join("Cargo.lock"))?;
    for name in CRATES {
        if let Some(version) = locked(&lock, name) {
            setting.insert(name.to_owned(), version.to_owned());
        }
    }
    let python = fs::read_to_string(places.source().join("servers/python/requirements.txt"))?;
    for (name, version) in python.lines().filter_map(|line| line.split_once("==")) {
        setting.insert(format!("{name} (Python)"), version.to_owned());
    }
    let package = fs::read(places.source().join("servers/typescript/package.json"))?;
    let package: serde_json::Value = serde_json::from_slice(&package)?;
    if let Some(version) = package["dependencies"]["@modelcontextprotocol/sdk"].as_str() {
        setting.insert("@modelcontextprotocol/sdk".to_owned(), version.to_owned());
    }
    for (name, program, argument) in [
        ("rustc", "rustc", "--version"),
        ("Python", "python3", "--version"),
        ("Node", "node", "--version"),
        ("Linux", "uname", "--kernel-release"),
    ] {
        // A missing program was not measured.
        if let Ok(output) = Command::new(program).arg(argument).output() {
            let text = String::from_utf8_lossy(&output.stdout);
            let text = text
                .trim_start_matches("Python ")
                .trim_start_matches("rustc ");
            let text = text.split_whitespace().next().unwrap_or_default();
            setting.insert(name.to_owned(), text.to_owned());
        }
    }
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let processor = processor
        .lines()
        .find(|line| line.starts_with("model name"));
    if let Some((_, model)) = processor.and_then(|line| line.split_once(": ")) {
        setting.insert("processor".to_owned(), model.to_owned());
    }
    Ok(setting)
}

/// Today, in UTC.
pub(crate) fn today() -> io::Result<String> {
    let output = Command::new("date").args(["--utc", "+%F"]).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let package = format!("name = \"{name}\"\nversion = \"");
    let (_, rest) = lock.split_once(&package)?;
    Some(rest.split_once('"')?.0)
}
