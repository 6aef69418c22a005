//! The program in front of a stdio server that does what its requests say.
//!
//! The stdio server is this test binary, started again: `as_child` below.
#![cfg(target_os = "linux")]

mod bounds;
mod child;
mod drain;
mod ends;
mod flags;
mod http;
mod leaks;
mod odd;
mod served;
mod stop;
mod streamable;
mod talk;
mod times;
mod tls;
mod upstream;

/// Not a test: the stdio server, in the process that [`served::child`] starts.
#[test]
fn as_child() {
    if served::is_child() {
        child::run();
        std::process::exit(0);
    }
}
