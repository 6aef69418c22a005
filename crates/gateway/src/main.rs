//! Gives any MCP server, on stdio or Streamable HTTP, an address for clients of HTTP+SSE.
//!
//! ```sh
//! mcp-sse-gateway -- npx -y @modelcontextprotocol/server-everything stdio
//! mcp-sse-gateway --upstream https://mcp.example.com/mcp
//! mcp-sse-gateway --help         # lists all flags
//! ```
//!
//! The README of this crate says what happens when a client, a server or the gateway ends.

mod answers;
mod backend;
mod child;
mod cli;
mod config;
mod http;
mod limit;
mod log;
mod upstream;
mod values;

use std::{env, process::ExitCode};

use clap::{CommandFactory, Parser, error::ErrorKind};

use self::{cli::Flags, config::Config};

fn main() -> ExitCode {
    if env::args_os().skip(1).eq([child::GUARD]) {
        child::run_guard();
        return ExitCode::SUCCESS;
    }
    let flags = Flags::parse();
    let config = Config::new(flags, env::var("MCP_SSE_GATEWAY_TOKENS").ok());
    let config = config.unwrap_or_else(|error| {
        Flags::command()
            .error(ErrorKind::ValueValidation, error)
            .exit()
    });
    if let Err(error) = log::start(config.log_format, &config.log_level) {
        Flags::command()
            .error(ErrorKind::ValueValidation, error)
            .exit();
    }
    // Fails only if there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // Returning from this function drops the runtime, which kills the remaining children.
    match runtime.block_on(http::serve(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
