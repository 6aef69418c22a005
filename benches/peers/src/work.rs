use crate::peer::{Peer, Question};

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

/// A request of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Ping,
    /// A call of the tool `echo`.
    Tool(Text),
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
    pub(crate) question: Question,
}

impl Work {
    /// Whether this work measures memory.
    pub(crate) fn is_idle(&self) -> bool {
        matches!(self.kind, Kind::Idle { .. })
    }

    /// Whether a server supports this work.
    pub(crate) fn is_for(&self, peer: &Peer) -> bool {
        let is_possible = peer.broadcasts || !matches!(self.kind, Kind::Broadcast { .. });
        is_possible && peer.question == self.question
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Calls, answered on the stream.
    Calls {
        sessions: usize,
        in_flight: u64,
        call: Call,
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
pub(crate) const HANDLER_PING: &str = "handler-ping";
pub(crate) const HANDLER_CALL: &str = "handler-64x1";
pub(crate) const HANDLER_LARGE: &str = "handler-64k";
pub(crate) const HANDLER_IDLE: &str = "handler-idle";

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
            call: Call::Tool(Text {
                bytes: 64 * 1024,
                in_lines: false,
            }),
        },
        counted: 1000,
        question: Question::Transport,
    },
    Work {
        name: CONNECT,
        title: "connect, endpoint event, disconnect",
        kind: Kind::Churn { at_a_time: 16 },
        counted: 3000,
        question: Question::Transport,
    },
    Work {
        name: "broadcast",
        title: "broadcast to 1 000 sessions, 64 B",
        kind: Kind::Broadcast { sessions: 1000 },
        counted: 20_000,
        question: Question::Transport,
    },
    idle("idle-2k", "idle stream, of 2 000", 2000),
    idle(IDLE, "idle stream, of 10 000", 10_000),
    of_handler(requests(
        HANDLER_PING,
        "`ping`, 64 sessions × 1 in flight",
        (64, 1),
        Call::Ping,
        8000,
    )),
    of_handler(calls(
        HANDLER_CALL,
        "`tools/call`, 64 sessions × 1 in flight, 64 B",
        (64, 1, 64),
        8000,
    )),
    of_handler(calls(
        HANDLER_LARGE,
        "`tools/call`, 16 sessions × 1 in flight, 64 KiB",
        (16, 1, 64 * 1024),
        1000,
    )),
    of_handler(idle(
        HANDLER_IDLE,
        "idle stream after the handshake, of 2 000",
        2000,
    )),
];

const fn of_handler(work: Work) -> Work {
    Work {
        question: Question::Handler,
        ..work
    }
}

const fn idle(name: &'static str, title: &'static str, sessions: usize) -> Work {
    Work {
        name,
        title,
        kind: Kind::Idle { sessions },
        // An idle stream has no operations.
        counted: 0,
        question: Question::Transport,
    }
}

const fn calls(
    name: &'static str,
    title: &'static str,
    (sessions, in_flight, size): (usize, u64, usize),
    counted: u64,
) -> Work {
    let call = Call::Tool(Text::lines(size));
    requests(name, title, (sessions, in_flight), call, counted)
}

const fn requests(
    name: &'static str,
    title: &'static str,
    (sessions, in_flight): (usize, u64),
    call: Call,
    counted: u64,
) -> Work {
    Work {
        name,
        title,
        kind: Kind::Calls {
            sessions,
            in_flight,
            call,
        },
        counted,
        question: Question::Transport,
    }
}
