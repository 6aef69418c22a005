//! The `observe` example in a process of its own: what it says after real traffic is what was done.
//!
//! The process is this very binary, started again: `as_example` below is no test where it is not asked
//! for.
#![cfg(target_os = "linux")]

#[path = "../../examples/soak/client.rs"]
#[allow(dead_code, reason = "the client of the soak, of which this needs less")]
mod client;
mod dashboard;
mod figures;
mod log;
#[path = "../../examples/observe.rs"]
#[allow(dead_code, reason = "its `main` is for the example")]
mod observe;
mod page;
mod process;
mod slow;

#[test]
fn as_example() {
    if process::is_example() {
        // Whatever the harness has written so far ends here.
        println!();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(observe::run("127.0.0.1:0")).unwrap();
        std::process::exit(0);
    }
}

async fn open(example: &process::Example) -> client::Stream {
    match client::Stream::open(example.address).await {
        Ok(stream) => stream,
        Err(client::Refused::Status(status)) => panic!("no stream: {status}"),
        Err(client::Refused::Io(error)) => panic!("no stream: {error}"),
    }
}

/// A whole session id, which only its client may know.
fn secret(stream: &client::Stream) -> &str {
    stream.uri.rsplit('=').next().unwrap()
}

/// A call of the example's tool that gives a text back.
fn echo(id: usize, text: &str) -> String {
    let params = format!(r#"{{"name":"echo","arguments":{{"text":"{text}"}}}}"#);
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#)
}
