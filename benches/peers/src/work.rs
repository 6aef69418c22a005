use crate::peer::Peer;

/// The text of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) bytes: usize,
    /// Whether it has an escaped line break each 80 bytes, as the output of tools has.
    pub(crate) in_lines: bool,
}

impl Text {
    pub(crate) const fn lines(bytes: usize) -> Self {
        let in_lines = true;
        Self { bytes, in_lines }
    }
}

/// The work of the servers.
#[derive(Debug)]
pub(crate) struct Work {
    /// The short name, for the command line.
    pub(crate) name: &'static str,
    /// The title, for the tables.
    pub(crate) title: &'static str,
    pub(crate) kind: Kind,
    /// The number of operations under callgrind.
    pub(crate) counted: u64,
}

impl Work {
    /// Whether this work measures memory.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.kind, Kind::Idle { .. })
    }

    /// Whether a server supports this work.
    pub(crate) fn is_for(&self, peer: &Peer) -> bool {
        peer.broadcasts || !matches!(self.kind, Kind::Broadcast { .. })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Calls, answered on the stream.
    Calls {
        sessions: usize,
        in_flight: u64,
        text: Text,
    },
    /// Streams that are opened and closed.
    Churn { at_a_time: usize },
    /// Idle streams.
    Idle { sessions: usize },
    /// One message to all sessions.
    Broadcast { sessions: usize },
}

pub(crate) const ROUND_TRIP: &str = "64x1";
pub(crate) const PIPELINED: &str = "64x16";
pub(crate) const LARGE: &str = "64k";
pub(crate) const CONNECT: &str = "connect";
pub(crate) const IDLE: &str = "idle-10k";

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
        name: "64k-plain",
        title: "16 sessions × 1 in flight, 64 KiB without line breaks",
        kind: Kind::Calls {
            sessions: 16,
            in_flight: 1,
            text: Text {
                bytes: 64 * 1024,
                in_lines: false,
            },
        },
        counted: 1000,
    },
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
        // An idle stream has no operations.
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
            text: Text::lines(size),
        },
        counted,
    }
}
