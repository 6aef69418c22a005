//! Processes that a test starts, and that end with it: programs, or this test binary in another role.
//!
//! [`Process::role`] starts the test binary again, with the name of one of its tests as the role. That
//! test does nothing unless [`has_role`] says so.

mod program;
pub mod system;

use std::{
    env,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

pub use self::program::{Program, folder, free_address, is_installed};
use crate::PATIENCE;

const ROLE: &str = "TESTKIT_ROLE";

/// Whether this process was started in this role.
pub fn has_role(role: &str) -> bool {
    env::var(ROLE).is_ok_and(|found| found == role)
}

/// The command that starts this test binary in a role. `limits` are commands of the shell, such as
/// `ulimit -n 40;`.
pub fn role_command(role: &str, limits: &str, settings: &[(&str, String)]) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!(r#"{limits} exec "$0" "$@""#)])
        .arg(env::current_exe().unwrap())
        .args(["--exact", role, "--nocapture", "--test-threads=1"])
        .env(ROLE, role)
        .envs(settings.iter().map(|(name, value)| (name, value)));
    command
}

/// A running process. It is killed when this is dropped.
pub struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
    log: Option<Log>,
}

/// What a process writes to its standard error, read by a thread: a full pipe would block the process.
struct Log {
    text: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
}

impl Log {
    fn read(mut stderr: ChildStderr) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let written = Arc::clone(&text);
        let reader = thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(len @ 1..) = stderr.read(&mut part) {
                let part = String::from_utf8_lossy(&part[..len]);
                written.lock().unwrap().push_str(&part);
            }
        });
        let reader = Some(reader);
        Self { text, reader }
    }
}

impl Process {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let log = child.stderr.take().map(Log::read);
        Self { child, output, log }
    }

    /// Starts a command whose standard error is kept as its log.
    pub fn start_logged(command: &mut Command) -> Self {
        Self::start(command.stderr(Stdio::piped()))
    }

    /// Starts this test binary in a role.
    pub fn role(role: &str, limits: &str, settings: &[(&str, String)]) -> Self {
        Self::start(&mut role_command(role, limits, settings))
    }

    /// Starts this test binary as a server that prints `listening on ADDRESS`.
    pub fn serve(limits: &str, settings: &[(&str, String)]) -> (Self, SocketAddr) {
        let mut server = Self::role("server", limits, settings);
        let address = server.line("listening on ").parse().unwrap();
        (server, address)
    }

    /// Reads up to the next line that contains `prefix`: the rest of that line.
    pub fn line(&mut self, prefix: &str) -> String {
        loop {
            let mut line = String::new();
            let len = self.output.read_line(&mut line).unwrap();
            assert!(
                len > 0,
                "the process ended before it wrote {prefix:?}: {}",
                self.log()
            );
            // The test harness writes before a role's first line, without a line break.
            if let Some((_, rest)) = line.split_once(prefix) {
                return rest.trim_end().to_owned();
            }
        }
    }

    /// What it has written to its standard error, if that is kept.
    pub fn log(&self) -> String {
        let log = self.log.as_ref();
        log.map_or_else(String::new, |log| log.text.lock().unwrap().clone())
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        system::signal(self.id(), name);
    }

    /// Presses Ctrl-C, when it has a handler for that. A process may print that it listens, and serve, a moment before.
    pub fn interrupt(&self) {
        #[cfg(target_os = "linux")]
        {
            let start = Instant::now();
            while !system::handles_interrupt(self.id()) {
                assert!(start.elapsed() < PATIENCE, "it does not handle SIGINT");
                thread::sleep(Duration::from_millis(5));
            }
        }
        self.signal("INT");
    }

    /// Stops it with a signal, and waits until all of its threads have stopped.
    pub fn pause(&self) {
        self.signal("STOP");
        let start = Instant::now();
        while !system::is_stopped(self.id()) {
            assert!(start.elapsed() < PATIENCE, "it does not stop");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Whether it still runs.
    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for its end. The log is complete then.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end: {}",
                self.log()
            );
            thread::sleep(Duration::from_millis(20));
        };
        let reader = self.log.as_mut().and_then(|log| log.reader.take());
        if let Some(reader) = reader {
            reader.join().unwrap();
        }
        status
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
