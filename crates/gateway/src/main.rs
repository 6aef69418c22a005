//! Serves an MCP server that communicates over stdin and stdout to clients of HTTP+SSE. Each session has a
//! process of its own.
//!
//! ```sh
//! cargo run -p mcp-sse-gateway -- npx -y @modelcontextprotocol/server-everything stdio
//! cargo run -p mcp-sse-gateway -- --listen 127.0.0.1:9000 --max-children 8 python3 server.py --verbose
//! cargo run -p mcp-sse-gateway -- --help         # lists all flags
//! ```
//!
//! Clients connect to `http://127.0.0.1:8000/sse`. To allow requests for another host, and to give the child
//! the token of its client:
//!
//! ```sh
//! cargo run -p mcp-sse-gateway -- --listen 0.0.0.0:8000 --allow-host mcp.example.com \
//!     --env-from-header Authorization=API_TOKEN -- npx -y some-mcp-server
//! ```
//!
//! Anyone who can reach the gateway can start the command: it checks hosts and origins, but no credentials.
//!
//! - **End of a child.** When a child ends, its session ends after the messages that the child wrote. Its
//!   process group is killed.
//! - **End of a session.** When a session ends, its child's stdin is closed. After 2 s its process group gets
//!   SIGTERM, and after another 2 s SIGKILL. Outside Unix there is no group and no SIGTERM: only the child is
//!   killed, after 4 s. In a container, run the gateway under an init process, for example with
//!   `docker run --init`. It reaps the processes that children leave behind.
//! - **Log.** The gateway logs each line of a child's stderr to its own stderr, after the first digits of the
//!   session's id. It also logs a line of stdout that is not a message of MCP or is longer than `--max-line`.
//!   The session continues.
//! - **Back-pressure.** If a child does not read, `POST`s to its session wait and are then refused with 503.
//!   If a client does not read, its child waits.
//! - **Shutdown.** On Ctrl-C or SIGTERM the gateway ends all sessions: each child gets the accepted messages
//!   and then the end of its stdin, and its remaining responses are sent. A second signal stops at once. If the
//!   gateway is killed, its children see only the end of their stdin.

mod children;
#[cfg_attr(unix, path = "group/unix.rs")]
#[cfg_attr(not(unix), path = "group/other.rs")]
mod group;
mod lines;
mod log;
mod options;
mod process;
mod pump;
mod serve;
mod signals;

use std::{env, ffi::OsString, process::ExitCode};

use self::options::Ask;

fn main() -> ExitCode {
    ExitCode::from(run(env::args_os().skip(1)))
}

/// Runs the program and returns the exit status: 2 if the arguments are invalid.
fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let options = match options::read(arguments) {
        Ok(Ask::Serve(options)) => options,
        Ok(Ask::Help) => {
            print!("{}", options::HELP);
            return 0;
        }
        Err(error) => {
            eprintln!("mcp-sse-gateway: {error}\nTry --help.");
            return 2;
        }
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    // Returning from this function drops the runtime, which kills the remaining children.
    match runtime.block_on(serve::serve(options)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("mcp-sse-gateway: {error}");
            1
        }
    }
}
