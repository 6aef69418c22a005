//! Servers that a test starts and that end with it: NATS, nginx, HAProxy, Redis.
//!
//! On Debian: `apt-get install -y --no-install-recommends nats-server nginx haproxy redis-server`.

use std::{
    env, fs,
    io::{Write as _, stderr},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use super::system::signal;
use crate::PATIENCE;

/// A running server of another project.
pub struct Program {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Returns whether a program is installed. A test that needs the program does nothing if it is not.
///
/// # Panics
///
/// Panics if the program is missing and `CI=true` is set, so that the gate cannot skip a test.
pub fn is_installed(name: &str) -> bool {
    let installed = env::split_paths(&path()).any(|folder| folder.join(name).is_file());
    if !installed {
        let ci = env::var("CI").is_ok_and(|ci| ci == "true");
        assert!(!ci, "{name} is not installed");
        // Not with `eprintln!`: the test harness hides its text if the test passes.
        let _ = writeln!(stderr(), "left out: {name} is not installed");
    }
    installed
}

/// Debian installs servers in `/usr/sbin`, which is not in the `PATH` of every user.
fn path() -> String {
    env::var("PATH").unwrap_or_default() + ":/usr/sbin"
}

/// An address whose port is free now.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// An empty folder for the files of a program.
pub fn folder(name: &str, address: SocketAddr) -> PathBuf {
    let port = address.port();
    // `target/tmp`, two folders above the test binary's own.
    let binary = env::current_exe().unwrap();
    let target = binary.ancestors().nth(3).unwrap();
    let folder = target.join(format!("tmp/{name}-{port}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Program {
    /// Starts a program and waits until it listens at `address`. Tries again if it ends, since another process
    /// may have taken the port.
    pub fn start(name: &str, args: &[&str], address: SocketAddr) -> Self {
        let mut tries = 0;
        loop {
            match Self::try_start(name, args, address) {
                Ok(program) => return program,
                Err(status) => assert!(tries < 5, "{name} ended: {status}"),
            }
            tries += 1;
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn try_start(name: &str, args: &[&str], address: SocketAddr) -> Result<Self, ExitStatus> {
        let spawned = Command::new(name)
            .args(args)
            .env("PATH", path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) => panic!("{name}: {error}"),
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = child.try_wait().unwrap() {
                return Err(status);
            }
            assert!(start.elapsed() < PATIENCE, "{name} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { child, address })
    }

    /// Starts a NATS server with additional configuration.
    pub fn nats(address: SocketAddr, config: &str) -> Self {
        let file = folder("nats", address).join("nats.conf");
        fs::write(&file, format!("listen: \"{address}\"\n{config}\n")).unwrap();
        Self::start("nats-server", &["-c", file.to_str().unwrap()], address)
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the program with SIGKILL.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After `wait`, the id may belong to another process.
        if let Ok(None) = self.child.try_wait() {
            // With SIGTERM, so that nginx ends its workers.
            signal(self.id(), "TERM");
            let _ = self.child.wait();
        }
    }
}
