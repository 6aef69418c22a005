use std::{
    fs,
    io::{self, BufRead, BufReader},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    time::{ClockId, clock_getcpuclockid},
    unistd::Pid,
};

/// The time limit for a server to print its port. Under valgrind, this takes some seconds.
const START: Duration = Duration::from_secs(60);
/// The time limit for a server to become idle after its last answer.
const REST: Duration = Duration::from_secs(2);

/// Makes glibc's allocator keep its memory. By default, it may return the top of the heap and fault it in
/// again for each large message. Whether it does so is random, and it costs more than the message.
const ALLOCATOR: [(&str, &str); 2] = [
    ("MALLOC_TRIM_THRESHOLD_", "33554432"),
    ("MALLOC_MMAP_THRESHOLD_", "33554432"),
];

/// A running server. Dropping it kills the server.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    clock: ClockId,
}

impl Server {
    /// Starts a command that prints its port.
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let mut child = command
            .envs(ALLOCATOR)
            .stdout(Stdio::piped())
            .stdin(Stdio::null())
            .spawn()?;
        let output = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let port = line
            .trim()
            .parse()
            .map_err(|_| io::Error::other(format!("{command:?} printed {line:?}, not its port")))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let clock = clock_getcpuclockid(pid(&child))?;
        let server = Self {
            child,
            address,
            clock,
        };
        server.await_connection()?;
        Ok(server)
    }

    fn await_connection(&self) -> io::Result<()> {
        let start = Instant::now();
        while let Err(error) = std::net::TcpStream::connect(self.address) {
            if start.elapsed() > START {
                return Err(error);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// The CPU time of all threads of the server, in user space and in the kernel, once the server is idle.
    pub(crate) fn cpu_at_rest(&self) -> io::Result<Duration> {
        let start = Instant::now();
        let mut before = self.cpu()?;
        loop {
            thread::sleep(Duration::from_millis(30));
            let now = self.cpu()?;
            // A runtime's own timers use less than this.
            if now - before < Duration::from_micros(100) || start.elapsed() > REST {
                return Ok(now);
            }
            before = now;
        }
    }

    fn cpu(&self) -> io::Result<Duration> {
        Ok(self.clock.now()?.into())
    }

    /// The ticks of the server in user space and in the kernel.
    pub(crate) fn ticks(&self) -> io::Result<(u64, u64)> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Skips the name, which may contain any character.
        let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
        let mut fields = fields.split_whitespace().skip(11);
        let mut next = || fields.next()?.parse().ok();
        let (user, kernel) = (next(), next());
        user.zip(kernel)
            .ok_or_else(|| io::Error::other("no times in /proc"))
    }

    /// The resident memory of the server in bytes.
    pub(crate) fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
        let kilobytes: Option<u64> = kilobytes.and_then(|number| number.parse().ok());
        Ok(kilobytes.ok_or_else(|| io::Error::other("no VmRSS"))? * 1024)
    }

    /// Asks the server to exit, and waits for it.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        kill(pid(&self.child), Signal::SIGTERM)?;
        let start = Instant::now();
        while self.child.try_wait()?.is_none() && start.elapsed() < START {
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::cast_possible_wrap, reason = "process ids are small")]
fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id() as i32)
}
