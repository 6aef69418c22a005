//! Processes that a test starts, and that end with it.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

const ROLE: &str = "FAULTS_ROLE";

/// What this process is to be, if it is one of those.
pub(crate) fn role() -> Option<&'static str> {
    match std::env::var(ROLE).ok()?.as_str() {
        "server" => Some("server"),
        "client" => Some("client"),
        other => panic!("no such role: {other}"),
    }
}

pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    /// This binary in that role, under limits of the shell's `ulimit`.
    pub(crate) fn start(role: &str, limit: &str, settings: &[(&str, String)]) -> Self {
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!(r#"{limit} exec "$0" "$@""#)])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", role, "--nocapture", "--test-threads=1"])
            .env(ROLE, role)
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// A server, and where it listens.
    pub(crate) fn serve(limit: &str, settings: &[(&str, String)]) -> (Self, SocketAddr) {
        let mut server = Self::start("server", limit, settings);
        let address = server.line("listening on ").parse().unwrap();
        (server, address)
    }

    /// The rest of the next line that begins so.
    pub(crate) fn line(&mut self, prefix: &str) -> String {
        loop {
            let mut line = String::new();
            let len = self.output.read_line(&mut line).unwrap();
            assert!(len > 0, "the process ended before it said {prefix:?}");
            // The test harness writes before it, without a line break.
            if let Some((_, rest)) = line.split_once(prefix) {
                return rest.trim_end().to_owned();
            }
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success());
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < Duration::from_secs(40), "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
