//! The `observe` example in a process of its own: its metrics and its log match what the tests did.
//!
//! The process is this test binary in another role, so the example is a module here.
#![cfg(target_os = "linux")]

mod dashboard;
mod figures;
mod log;
#[path = "../../examples/observe.rs"]
#[allow(dead_code, reason = "its `main` is for the example")]
mod observe;
mod page;
mod process;
mod slow;

use mcp_sse_testkit::process::has_role;

/// Not a test: the example, in its own process.
#[test]
fn example() {
    if has_role("example") {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(observe::run("127.0.0.1:0")).unwrap();
        std::process::exit(0);
    }
}

/// A call of the example's tool that returns its text.
fn echo(id: usize, text: &str) -> String {
    let params = format!(r#"{{"name":"echo","arguments":{{"text":"{text}"}}}}"#);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#)
}
