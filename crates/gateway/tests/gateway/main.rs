//! The program in front of a stdio server that does what its requests say.
//!
//! The stdio server is this test binary, started again: `as_child` below.
#![cfg(target_os = "linux")]

mod bounds;
mod child;
#[path = "../../../../examples/soak/client.rs"]
#[allow(dead_code, reason = "the other tests use the rest of it")]
mod client;
mod ends;
mod flags;
mod processes;
mod served;
mod stop;
mod talk;

/// Not a test: the stdio server, in the process that [`served::child`] starts.
#[test]
fn as_child() {
    if served::is_child() {
        child::run();
        std::process::exit(0);
    }
}

/// Waits until a condition holds. The limit is far beyond any real run.
async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = tokio::time::Instant::now();
    while !so() {
        assert!(
            start.elapsed() < std::time::Duration::from_secs(60),
            "not within 60 s: {what}"
        );
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}
