//! Programs of others that a test starts, and that end with it.

use std::{
    fs,
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

const INSTALL: &str =
    "apt-get install -y --no-install-recommends nats-server nginx haproxy redis-server";

pub(crate) struct Program {
    child: Child,
    pub(crate) address: SocketAddr,
}

/// A port that is free now.
pub(crate) fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// A folder for a program's files, new for each.
pub(crate) fn folder(name: &str, address: SocketAddr) -> PathBuf {
    let port = address.port();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{port}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

impl Program {
    /// Starts it, and waits until it listens there. Once more if somebody else had that port just then.
    pub(crate) fn start(name: &str, args: &[&str], address: SocketAddr) -> Self {
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
        // Where Debian puts servers, which is not on everybody's path.
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
        let spawned = Command::new(name)
            .args(args)
            .env("PATH", path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let mut child = match spawned {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                panic!("{name} is not installed, and this test needs it: {INSTALL}")
            }
            Err(error) => panic!("{name}: {error}"),
        };
        let start = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = child.try_wait().unwrap() {
                return Err(status);
            }
            assert!(start.elapsed() < Duration::from_secs(40), "{name} is deaf");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { child, address })
    }
}

impl Program {
    /// A NATS server, with more configuration if there is any.
    pub(crate) fn nats(address: SocketAddr, config: &str) -> Self {
        let file = folder("nats", address).join("nats.conf");
        fs::write(&file, format!("listen: \"{address}\"\n{config}\n")).unwrap();
        Self::start("nats-server", &["-c", file.to_str().unwrap()], address)
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Without a chance to say goodbye.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // An id is another's once its process was waited for.
        if let Ok(None) = self.child.try_wait() {
            // In order, so that nginx takes its workers along.
            let id = self.child.id().to_string();
            let _ = Command::new("kill").args(["-s", "TERM", &id]).status();
            let _ = self.child.wait();
        }
    }
}
