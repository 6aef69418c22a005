//! Any MCP server that speaks over stdin and stdout, in any language, served over HTTP+SSE: each session
//! has a process of its own.
//!
//! ```sh
//! cargo run -p mcp-sse-gateway -- npx -y @modelcontextprotocol/server-everything stdio
//! cargo run -p mcp-sse-gateway -- --listen 127.0.0.1:9000 --max-children 8 python3 server.py --verbose
//! cargo run -p mcp-sse-gateway -- --help         # all flags
//! ```
//!
//! Clients connect to `http://127.0.0.1:8000/sse`. To let in those who come by another name, and to hand
//! each client's own token to its child:
//!
//! ```sh
//! cargo run -p mcp-sse-gateway -- --listen 0.0.0.0:8000 --allow-host mcp.example.com \
//!     --env-from-header Authorization=API_TOKEN -- npx -y some-mcp-server
//! ```
//!
//! Whoever can reach the gateway can start the command: it checks hosts and origins, but no passwords.
//!
//! - The child's end is the end of its session, after what it wrote. The session's end is that of its
//!   child: its stdin is closed; 2 s later its process group gets SIGTERM, and another 2 s later SIGKILL.
//!   A child that ends takes its group with it. (Elsewhere than on Unix there is no group and no SIGTERM:
//!   the child alone is killed, after 4 s.) As the first process of a container, give it an init, such as
//!   `docker run --init`, for what the children leave behind.
//! - What it writes to stderr goes to the gateway's, behind the beginning of its session's id. So does a
//!   line of its stdout that is no message of MCP, or longer than `--max-line`; the session goes on.
//! - A child that does not read makes its client's `POST`s wait, then answers them with 503. A client that
//!   does not read makes its child wait.
//! - Ctrl-C and SIGTERM end all sessions in order: each child gets what was accepted, then the end of its
//!   stdin, and what it still answers goes out. A second one ends them at once. When the gateway itself is
//!   killed, all that its children see is the end of their stdin.

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

/// Does what the arguments say. Gives the exit status: 2 if they cannot be understood.
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
    // Leaving this function drops the runtime, and with it whatever child is left.
    match runtime.block_on(serve::serve(options)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("mcp-sse-gateway: {error}");
            1
        }
    }
}
