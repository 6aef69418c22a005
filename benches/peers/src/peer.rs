/// A server to measure.
#[derive(Debug)]
pub(crate) struct Peer {
    /// The short name, for the command line.
    pub(crate) name: &'static str,
    /// The title, for the tables.
    pub(crate) title: &'static str,
    pub(crate) program: Program,
    /// Whether `POST /broadcast` sends a message to all sessions.
    pub(crate) broadcasts: bool,
    pub(crate) question: Question,
}

/// What a server is compared for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    /// What does the transport cost? Each server answers a call as cheaply as it can.
    Transport,
    /// What does a server with rmcp cost? Each runs the same rmcp handler, after MCP's handshake.
    Handler,
}

/// How a server is built and started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A binary with this name, in a package with the same name.
    Rust {
        package: &'static str,
        binary: &'static str,
    },
    Python,
    TypeScript,
}

pub(crate) const FLOOR: &str = "floor";
pub(crate) const THIS: &str = "this";
pub(crate) const THIS_AXUM: &str = "this-axum";
pub(crate) const THIS_RAW_VALUE: &str = "this-raw-value";
pub(crate) const THIS_SERDE: &str = "this-serde";
pub(crate) const RMCP: &str = "rmcp";
pub(crate) const HAND_ROLL: &str = "hand-roll";
pub(crate) const PYTHON: &str = "python";
pub(crate) const TYPESCRIPT: &str = "typescript";
pub(crate) const HANDLER: &str = "handler";
pub(crate) const HANDLER_AXUM: &str = "handler-axum";
pub(crate) const RMCP_HANDLER: &str = "handler-rmcp";

pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: FLOOR,
        title: "bare hyper, the floor",
        program: rust("peer-floor", "peer-floor"),
        broadcasts: true,
        question: Question::Transport,
    },
    Peer {
        name: THIS,
        title: "**this crate** on hyper",
        program: rust("peer-this", "peer-this"),
        broadcasts: true,
        question: Question::Transport,
    },
    Peer {
        name: THIS_AXUM,
        title: "**this crate** in axum",
        program: rust("peer-this", "peer-this-axum"),
        broadcasts: true,
        question: Question::Transport,
    },
    Peer {
        name: THIS_RAW_VALUE,
        title: "**this crate**, a handler with `RawValue`",
        program: rust("peer-this", "peer-this-raw-value"),
        broadcasts: false,
        question: Question::Transport,
    },
    Peer {
        name: THIS_SERDE,
        title: "**this crate**, a handler with serde",
        program: rust("peer-this", "peer-this-serde"),
        broadcasts: false,
        question: Question::Transport,
    },
    Peer {
        name: HAND_ROLL,
        title: "axum by hand",
        program: rust("peer-hand-roll", "peer-hand-roll"),
        broadcasts: true,
        question: Question::Transport,
    },
    Peer {
        name: RMCP,
        title: "rmcp 0.9.1",
        program: rust("peer-rmcp", "peer-rmcp"),
        broadcasts: false,
        question: Question::Transport,
    },
    Peer {
        name: "rust-mcp-sdk",
        title: "rust-mcp-sdk 1.1",
        program: rust("peer-rust-mcp-sdk", "peer-rust-mcp-sdk"),
        broadcasts: false,
        question: Question::Transport,
    },
    Peer {
        name: TYPESCRIPT,
        title: "TypeScript SDK 1.29",
        program: Program::TypeScript,
        broadcasts: true,
        question: Question::Transport,
    },
    Peer {
        name: PYTHON,
        title: "Python SDK 2.3",
        program: Program::Python,
        broadcasts: true,
        question: Question::Transport,
    },
    handler(
        RMCP_HANDLER,
        "rmcp 0.9.1's own server",
        rust("peer-handler-rmcp", "peer-handler-rmcp"),
    ),
    handler(
        HANDLER,
        "**this crate** on hyper",
        rust("peer-handler", "peer-handler"),
    ),
    handler(
        HANDLER_AXUM,
        "**this crate** in axum",
        rust("peer-handler", "peer-handler-axum"),
    ),
];

const fn handler(name: &'static str, title: &'static str, program: Program) -> Peer {
    Peer {
        name,
        title,
        program,
        broadcasts: false,
        question: Question::Handler,
    }
}

impl Peer {
    pub(crate) fn is_rust(&self) -> bool {
        matches!(self.program, Program::Rust { .. })
    }
}

const fn rust(package: &'static str, binary: &'static str) -> Program {
    Program::Rust { package, binary }
}
