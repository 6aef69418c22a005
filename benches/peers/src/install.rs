//! Builds the servers one by one, and returns the commands to start them. All output is in the target
//! folder.

use std::{
    io,
    path::{Path, PathBuf},
    process::Command,
};

use crate::peer::{Peer, Program};

/// The folders of the sources and of the output.
#[derive(Debug)]
pub(crate) struct Places {
    source: PathBuf,
    target: PathBuf,
}

impl Places {
    /// Finds the folders from the path of this binary, which is in `target/release`.
    pub(crate) fn find() -> io::Result<Self> {
        let binary = std::env::current_exe()?;
        let target = binary.ancestors().nth(2).ok_or(io::ErrorKind::NotFound)?;
        Ok(Self {
            source: env!("CARGO_MANIFEST_DIR").into(),
            target: target.into(),
        })
    }

    pub(crate) fn source(&self) -> &Path {
        &self.source
    }

    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    pub(crate) fn install(&self, peer: &Peer) -> io::Result<()> {
        match peer.program {
            Program::Rust { package, .. } => run(Command::new("cargo")
                .args(["build", "--release", "--package", package])
                .arg("--manifest-path")
                .arg(self.source.join("Cargo.toml"))
                .arg("--target-dir")
                .arg(&self.target)),
            Program::Python => self.install_python(),
            Program::TypeScript => self.install_typescript(),
        }
    }

    fn install_python(&self) -> io::Result<()> {
        let venv = self.target.join("python");
        run(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        run(Command::new(venv.join("bin/pip"))
            .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(self.source.join("servers/python/requirements.txt")))
    }

    fn install_typescript(&self) -> io::Result<()> {
        let folder = self.target.join("typescript");
        std::fs::create_dir_all(&folder)?;
        for file in ["package.json", "server.mjs"] {
            let source = self.source.join("servers/typescript").join(file);
            std::fs::copy(source, folder.join(file))?;
        }
        run(Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--no-package-lock"])
            .args(["--loglevel=error", "--prefix"])
            .arg(&folder))
    }

    /// The command that starts a server.
    pub(crate) fn command(&self, peer: &Peer) -> Vec<PathBuf> {
        match peer.program {
            Program::Rust { binary, .. } => vec![self.target.join("release").join(binary)],
            Program::Python => vec![
                self.target.join("python/bin/python"),
                self.source.join("servers/python/server.py"),
            ],
            Program::TypeScript => vec!["node".into(), self.target.join("typescript/server.mjs")],
        }
    }
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{command:?}: {status}")))
}
