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
pub(crate) const RMCP: &str = "rmcp";
pub(crate) const HAND_ROLL: &str = "hand-roll";
pub(crate) const PYTHON: &str = "python";
pub(crate) const TYPESCRIPT: &str = "typescript";

pub(crate) const PEERS: &[Peer] = &[
    Peer {
        name: FLOOR,
        title: "bare hyper, the floor",
        program: rust("peer-floor", "peer-floor"),
        broadcasts: true,
    },
    Peer {
        name: THIS,
        title: "**this crate** on hyper",
        program: rust("peer-this", "peer-this"),
        broadcasts: true,
    },
    Peer {
        name: THIS_AXUM,
        title: "**this crate** in axum",
        program: rust("peer-this", "peer-this-axum"),
        broadcasts: true,
    },
    Peer {
        name: HAND_ROLL,
        title: "axum by hand",
        program: rust("peer-hand-roll", "peer-hand-roll"),
        broadcasts: true,
    },
    Peer {
        name: RMCP,
        title: "rmcp 0.9.1",
        program: rust("peer-rmcp", "peer-rmcp"),
        broadcasts: false,
    },
    Peer {
        name: "rust-mcp-sdk",
        title: "rust-mcp-sdk 1.1",
        program: rust("peer-rust-mcp-sdk", "peer-rust-mcp-sdk"),
        broadcasts: false,
    },
    Peer {
        name: TYPESCRIPT,
        title: "TypeScript SDK 1.29",
        program: Program::TypeScript,
        broadcasts: true,
    },
    Peer {
        name: PYTHON,
        title: "Python SDK 2.3",
        program: Program::Python,
        broadcasts: true,
    },
];

impl Peer {
    pub(crate) fn is_rust(&self) -> bool {
        matches!(self.program, Program::Rust { .. })
    }
}

const fn rust(package: &'static str, binary: &'static str) -> Program {
    Program::Rust { package, binary }
}
