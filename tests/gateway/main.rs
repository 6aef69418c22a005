//! The `gateway` example in a process of its own, in front of a stdio server that does what it is told.
//!
//! Both processes are this very binary, started again: `as_gateway` and `as_child` below are no tests
//! where they are not asked for.
#![cfg(target_os = "linux")]

mod bounds;
mod child;
#[path = "../../examples/soak/client.rs"]
#[allow(dead_code, reason = "the client of the soak, of which this needs less")]
mod client;
mod ends;
mod flags;
#[path = "../../examples/gateway/main.rs"]
#[allow(dead_code, reason = "its `main` is for the example")]
mod gateway;
mod processes;
mod served;
mod stop;
mod talk;

#[test]
fn as_gateway() {
    if let Some(arguments) = served::arguments() {
        // Whatever the harness has written so far ends here.
        println!();
        std::process::exit(gateway::run(arguments).into());
    }
}

#[test]
fn as_child() {
    if served::arguments().is_some() {
        child::run();
        std::process::exit(0);
    }
}

/// Asks until it is so. The limit is far beyond any real run.
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
