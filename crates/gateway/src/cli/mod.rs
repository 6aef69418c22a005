//! The command line. `config` checks what needs more than one value.

use std::{
    ffi::OsString, net::SocketAddr, num::NonZeroU16, num::NonZeroU32, path::PathBuf, time::Duration,
};

use clap::{ArgAction::SetTrue, Parser, ValueEnum, builder::BoolishValueParser};
use http::HeaderName;

use crate::values::{Variable, header, path, pattern_host, pattern_origin, seconds, variable};

const AFTER: &str = "\
Flags come before COMMAND. Each is also a variable: --max-line is MCP_SSE_GATEWAY_MAX_LINE. Commas
separate several values, line breaks several servers. MCP_SSE_GATEWAY_TOKENS holds the tokens.";

/// Gives any MCP server, on stdio or Streamable HTTP, an address for clients of HTTP+SSE. Each session has a
/// process, or a session of the upstream, of its own.
#[derive(Debug, Parser)]
#[command(name = "mcp-sse-gateway", version, after_help = AFTER, max_term_width = 100)]
#[command(
    override_usage = "mcp-sse-gateway [FLAGS] [--] COMMAND [ARGS...]\n       \
                            mcp-sse-gateway [FLAGS] --upstream URL | --server NAME=COMMAND|URL ... | --config FILE"
)]
pub(crate) struct Flags {
    /// Address to listen on
    #[arg(
        long,
        value_name = "ADDR",
        default_value = "127.0.0.1:8000",
        env = "MCP_SSE_GATEWAY_LISTEN",
        hide_env = true
    )]
    pub(crate) listen: String,
    /// Also serve NAME at /NAME/sse; repeat it for more
    #[arg(
        long,
        value_name = "NAME=COMMAND|URL",
        env = "MCP_SSE_GATEWAY_SERVER",
        hide_env = true,
        value_delimiter = '\n'
    )]
    pub(crate) server: Vec<String>,
    /// Also serve the mcpServers of this JSON file
    #[arg(
        long,
        value_name = "FILE",
        env = "MCP_SSE_GATEWAY_CONFIG",
        hide_env = true
    )]
    pub(crate) config: Option<PathBuf>,
    /// Serve this Streamable HTTP server
    #[arg(
        long,
        value_name = "URL",
        env = "MCP_SSE_GATEWAY_UPSTREAM",
        hide_env = true
    )]
    pub(crate) upstream: Option<String>,
    /// Path where clients open their streams
    #[arg(long, value_name = "PATH", default_value = "/sse", value_parser = path, env = "MCP_SSE_GATEWAY_SSE_PATH", hide_env = true)]
    pub(crate) sse_path: String,
    /// Path where clients post
    #[arg(long, value_name = "PATH", default_value = "/messages/", value_parser = path, env = "MCP_SSE_GATEWAY_MESSAGES_PATH", hide_env = true)]
    pub(crate) messages_path: String,
    /// Path prefix that a proxy in front removes
    #[arg(long, value_name = "PATH", value_parser = path, env = "MCP_SSE_GATEWAY_PREFIX", hide_env = true)]
    pub(crate) prefix: Option<String>,
    /// Path for probes
    #[arg(long, value_name = "PATH", default_value = "/health", value_parser = path, env = "MCP_SSE_GATEWAY_HEALTH_PATH", hide_env = true)]
    pub(crate) health_path: String,
    /// Address of Prometheus metrics [default: none]
    #[arg(
        long,
        value_name = "ADDR",
        env = "MCP_SSE_GATEWAY_METRICS",
        hide_env = true
    )]
    pub(crate) metrics: Option<SocketAddr>,
    /// Certificate chain in PEM: serve HTTPS
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_key",
        env = "MCP_SSE_GATEWAY_TLS_CERT",
        hide_env = true
    )]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Its private key in PEM
    #[arg(
        long,
        value_name = "FILE",
        requires = "tls_cert",
        env = "MCP_SSE_GATEWAY_TLS_KEY",
        hide_env = true
    )]
    pub(crate) tls_key: Option<PathBuf>,
    /// Also allow requests for HOST [default: loopback]
    #[arg(long, value_name = "HOST", value_parser = pattern_host, value_delimiter = ',', env = "MCP_SSE_GATEWAY_ALLOW_HOST", hide_env = true)]
    pub(crate) allow_host: Vec<String>,
    /// Allow requests for any host
    #[arg(long, action = SetTrue, value_parser = BoolishValueParser::new(), env = "MCP_SSE_GATEWAY_ALLOW_ANY_HOST", hide_env = true)]
    pub(crate) allow_any_host: bool,
    /// Also allow pages of ORIGIN [default: loopback]
    #[arg(long, value_name = "ORIGIN", value_parser = pattern_origin, value_delimiter = ',', env = "MCP_SSE_GATEWAY_ALLOW_ORIGIN", hide_env = true)]
    pub(crate) allow_origin: Vec<String>,
    /// Require a bearer token; lines are NAME TOKEN
    #[arg(
        long,
        value_name = "FILE",
        env = "MCP_SSE_GATEWAY_TOKENS_FILE",
        hide_env = true
    )]
    pub(crate) tokens_file: Option<PathBuf>,
    /// Set a child's variable to its client's header
    #[arg(long, value_name = "HEADER=VAR", value_parser = variable, value_delimiter = ',', env = "MCP_SSE_GATEWAY_ENV_FROM_HEADER", hide_env = true)]
    pub(crate) env_from_header: Vec<Variable>,
    /// Pass a client's header on to the upstream
    #[arg(long, value_name = "HEADER", value_parser = header, value_delimiter = ',', env = "MCP_SSE_GATEWAY_FORWARD_HEADER", hide_env = true)]
    pub(crate) forward_header: Vec<HeaderName>,
    /// Also trust this authority of upstreams, in PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "MCP_SSE_GATEWAY_UPSTREAM_CA",
        hide_env = true
    )]
    pub(crate) upstream_ca: Option<PathBuf>,
    /// Longest wait for an upstream's answer
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = seconds, env = "MCP_SSE_GATEWAY_UPSTREAM_TIMEOUT", hide_env = true)]
    pub(crate) upstream_timeout: Duration,
    /// Most sessions, and children
    #[arg(
        long,
        value_name = "N",
        default_value = "64",
        env = "MCP_SSE_GATEWAY_MAX_CHILDREN",
        hide_env = true
    )]
    pub(crate) max_children: NonZeroU16,
    /// Most for each NAME of a token [default: any]
    #[arg(
        long,
        value_name = "N",
        env = "MCP_SSE_GATEWAY_MAX_CHILDREN_PER_NAME",
        hide_env = true
    )]
    pub(crate) max_children_per_name: Option<NonZeroU16>,
    /// Longest message of a server
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "4194304",
        env = "MCP_SSE_GATEWAY_MAX_LINE",
        hide_env = true
    )]
    pub(crate) max_line: NonZeroU32,
    /// Largest body of a POST
    #[arg(
        long,
        value_name = "BYTES",
        default_value = "4194304",
        env = "MCP_SSE_GATEWAY_MAX_BODY",
        hide_env = true
    )]
    pub(crate) max_body: NonZeroU32,
    /// Comment after this silence; 0: never
    #[arg(long, value_name = "SECONDS", default_value = "8", value_parser = seconds, env = "MCP_SSE_GATEWAY_KEEP_ALIVE", hide_env = true)]
    pub(crate) keep_alive: Duration,
    /// Close a session without messages; 0: never
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds, env = "MCP_SSE_GATEWAY_IDLE_TIMEOUT", hide_env = true)]
    pub(crate) idle_timeout: Duration,
    /// How long a stop waits for open calls
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds, env = "MCP_SSE_GATEWAY_SHUTDOWN_WINDOW", hide_env = true)]
    pub(crate) shutdown_window: Duration,
    /// Initialize no server for clients that come back
    #[arg(long, action = SetTrue, value_parser = BoolishValueParser::new(), env = "MCP_SSE_GATEWAY_NO_INITIALIZE", hide_env = true)]
    pub(crate) no_initialize: bool,
    /// Format of the log
    #[arg(
        long,
        value_name = "FORMAT",
        default_value = "text",
        env = "MCP_SSE_GATEWAY_LOG_FORMAT",
        hide_env = true,
        hide_possible_values = false
    )]
    pub(crate) log_format: LogFormat,
    /// Level, or directives (warn,rmcp=debug)
    #[arg(
        long,
        value_name = "LEVEL",
        default_value = "info",
        env = "MCP_SSE_GATEWAY_LOG_LEVEL",
        hide_env = true
    )]
    pub(crate) log_level: String,
    /// The stdio server to run, and its arguments
    #[arg(value_name = "COMMAND", trailing_var_arg = true, hide = true)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[cfg(test)]
mod tests;
