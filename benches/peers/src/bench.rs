use std::{io, time::Duration};

use crate::{
    load::{self, Calls, Clients, Goal, Outcome},
    peer::Question,
    sample::Sample,
    server::Server,
    work::{Kind, Work},
};

/// The number of streams that are opened and closed before memory is measured, so that memory that a server
/// allocates once does not count.
const WARM_UP: usize = 200;

/// A server under load. Its sessions stay open between runs.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    server: &'a Server,
    clients: Clients,
    kind: Kind,
    /// Whether each session begins with MCP's handshake.
    begins: bool,
    begun: u64,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(server: &'a Server, work: &Work) -> io::Result<Self> {
        let (kind, begins) = (work.kind, work.question == Question::Handler);
        let mut clients = Clients::new(server.address, begins)?;
        match kind {
            Kind::Calls { sessions, .. } | Kind::Broadcast { sessions } => {
                clients.open(sessions)?
            }
            Kind::Churn { .. } | Kind::Idle { .. } => {}
        }
        Ok(Self {
            server,
            clients,
            kind,
            begins,
            begun: 0,
        })
    }

    /// Runs until the goal is reached and all calls are answered.
    pub(crate) fn run(&mut self, goal: Goal) -> io::Result<Outcome> {
        match self.kind {
            Kind::Calls {
                in_flight, call, ..
            } => {
                let calls = Calls { in_flight, call };
                let outcome = load::call(&mut self.clients, calls, self.begun, goal)?;
                self.begun += outcome.done + outcome.lost;
                Ok(outcome)
            }
            Kind::Churn { at_a_time } => load::churn(self.server.address, at_a_time, goal),
            Kind::Broadcast { .. } => load::broadcast(&mut self.clients, 64, goal),
            Kind::Idle { .. } => Ok(Outcome::default()),
        }
    }

    /// Warms the server up, then measures it for `time`.
    pub(crate) fn measure(&mut self, time: Duration) -> io::Result<Sample> {
        if let Kind::Idle { sessions } = self.kind {
            return self.measure_idle(sessions);
        }
        self.run(Goal::Time(time / 8))?;
        let before = self.server.cpu_at_rest()?;
        let ticks = self.server.ticks()?;
        let mut outcome = self.run(Goal::Time(time))?;
        let cpu = self.server.cpu_at_rest()? - before;
        let (user, kernel) = self.server.ticks()?;
        let (user, kernel) = (user - ticks.0, kernel - ticks.1);
        let micros = |time: Option<Duration>| time.unwrap_or_default().as_secs_f64() * 1e6;
        Ok(Sample {
            rate: outcome.done as f64 / outcome.time.as_secs_f64(),
            p50: micros(outcome.percentile(0.5)),
            p99: micros(outcome.percentile(0.99)),
            cpu: cpu.as_secs_f64() * 1e6 / outcome.done as f64,
            user: user as f64 / (user + kernel).max(1) as f64,
            resident: 0.0,
            lost: outcome.lost,
            wrong: outcome.wrong,
        })
    }

    fn measure_idle(&mut self, sessions: usize) -> io::Result<Sample> {
        let mut others = Clients::new(self.server.address, self.begins)?;
        others.open(WARM_UP)?;
        drop(others);
        self.server.cpu_at_rest()?;
        let before = self.server.resident()?;
        self.clients.open(sessions)?;
        self.server.cpu_at_rest()?;
        let grown = self.server.resident()?.saturating_sub(before);
        Ok(Sample {
            resident: grown as f64 / sessions as f64,
            ..Sample::default()
        })
    }
}
