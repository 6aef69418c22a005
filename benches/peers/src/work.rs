use std::{fmt, io, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{
    load::{self, Calls, Clients, Goal, Outcome},
    peer::Peer,
    server::Server,
};

/// What the servers are given to do.
#[derive(Debug)]
pub(crate) struct Work {
    /// Short, for the command line.
    pub(crate) name: &'static str,
    /// For the tables.
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    /// How many operations are counted under callgrind.
    pub(crate) counted: u64,
}

impl Work {
    /// Whether memory is what it measures.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.kind, Kind::Idle { .. })
    }

    /// Whether a server can do it.
    pub(crate) fn is_for(&self, peer: &Peer) -> bool {
        peer.broadcasts || !matches!(self.kind, Kind::Broadcast { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Calls that are answered on the stream.
    Calls {
        sessions: usize,
        in_flight: u64,
        size: usize,
    },
    /// Streams that are opened and closed.
    Churn { at_a_time: usize },
    /// Streams on which nothing happens.
    Idle { sessions: usize },
    /// One message to all sessions.
    Broadcast { sessions: usize },
}

pub(crate) const ROUND_TRIP: &str = "64x1";
pub(crate) const PIPELINED: &str = "64x16";
pub(crate) const LARGE: &str = "64k";
pub(crate) const CONNECT: &str = "connect";
pub(crate) const IDLE: &str = "idle-10k";

/// How many streams come and go before memory is measured, so that what a server needs once is there.
const WARM_UP: usize = 200;

pub(crate) const WORKS: &[Work] = &[
    calls("1x1", "1 session × 1 in flight, 64 B", (1, 1, 64), 4000),
    calls(
        ROUND_TRIP,
        "64 sessions × 1 in flight, 64 B",
        (64, 1, 64),
        8000,
    ),
    calls(
        PIPELINED,
        "64 sessions × 16 pipelined, 64 B",
        (64, 16, 64),
        16000,
    ),
    calls(
        LARGE,
        "16 sessions × 1 in flight, 64 KiB",
        (16, 1, 64 * 1024),
        1000,
    ),
    Work {
        name: CONNECT,
        title: "connect, endpoint event, disconnect",
        kind: Kind::Churn { at_a_time: 16 },
        counted: 3000,
    },
    Work {
        name: "broadcast",
        title: "broadcast to 1 000 sessions, 64 B",
        kind: Kind::Broadcast { sessions: 1000 },
        counted: 20_000,
    },
    idle("idle-2k", "idle stream, of 2 000", 2000),
    idle(IDLE, "idle stream, of 10 000", 10_000),
];

const fn idle(name: &'static str, title: &'static str, sessions: usize) -> Work {
    Work {
        name,
        title,
        kind: Kind::Idle { sessions },
        // It does nothing.
        counted: 0,
    }
}

const fn calls(
    name: &'static str,
    title: &'static str,
    (sessions, in_flight, size): (usize, u64, usize),
    counted: u64,
) -> Work {
    Work {
        name,
        title,
        kind: Kind::Calls {
            sessions,
            in_flight,
            size,
        },
        counted,
    }
}

/// What one server did in one turn.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Sample {
    /// Operations in a second.
    pub(crate) rate: f64,
    /// Microseconds.
    pub(crate) p50: f64,
    /// Microseconds.
    pub(crate) p99: f64,
    /// The server's CPU time for one operation, in microseconds.
    pub(crate) cpu: f64,
    /// The part of it that is spent in user space, from 0 to 1.
    pub(crate) user: f64,
    /// Resident bytes for each stream.
    pub(crate) resident: f64,
    pub(crate) lost: u64,
    pub(crate) wrong: u64,
}

impl Sample {
    /// Of each figure its median; lost and wrong answers are added up.
    pub(crate) fn median(samples: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| {
            let mut figures: Vec<_> = samples.iter().map(figure).collect();
            figures.sort_unstable_by(f64::total_cmp);
            figures[figures.len() / 2]
        };
        Self {
            rate: of(|sample| sample.rate),
            p50: of(|sample| sample.p50),
            p99: of(|sample| sample.p99),
            cpu: of(|sample| sample.cpu),
            user: of(|sample| sample.user),
            resident: of(|sample| sample.resident),
            lost: samples.iter().map(|sample| sample.lost).sum(),
            wrong: samples.iter().map(|sample| sample.wrong).sum(),
        }
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rate,
            p50,
            p99,
            cpu,
            user,
            resident,
            lost,
            wrong,
        } = self;
        let user = user * 100.0;
        write!(
            f,
            "{rate:.0}/s, p50 {p50:.0} µs, p99 {p99:.0} µs, {cpu:.2} µs of CPU ({user:.0} % user), \
             {resident:.0} bytes, {lost} lost, {wrong} wrong"
        )
    }
}

/// A server at its work: what is open stays open between the runs.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    server: &'a Server,
    clients: Clients,
    kind: Kind,
    begun: u64,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(server: &'a Server, kind: Kind) -> io::Result<Self> {
        let mut clients = Clients::new(server.address)?;
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
            begun: 0,
        })
    }

    /// Runs until the goal is reached and all is answered.
    pub(crate) fn run(&mut self, goal: Goal) -> io::Result<Outcome> {
        match self.kind {
            Kind::Calls {
                in_flight, size, ..
            } => {
                let calls = Calls { in_flight, size };
                let outcome = load::call(&mut self.clients, calls, self.begun, goal)?;
                self.begun += outcome.done + outcome.lost;
                Ok(outcome)
            }
            Kind::Churn { at_a_time } => load::churn(self.server.address, at_a_time, goal),
            Kind::Broadcast { .. } => load::broadcast(&mut self.clients, 64, goal),
            Kind::Idle { .. } => Ok(Outcome::default()),
        }
    }

    /// Warms the server up, and measures it for that time.
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
        let mut others = Clients::new(self.server.address)?;
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
