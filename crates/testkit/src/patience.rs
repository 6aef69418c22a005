use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

/// How long anything may take. Only a test that hangs reaches this.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Awaits a future that must complete.
///
/// # Panics
///
/// Panics with `what` after [`PATIENCE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

/// Asks every 20 ms until the answer is `true`.
///
/// # Panics
///
/// Panics with `what` after [`PATIENCE`].
pub async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(
            start.elapsed() < PATIENCE,
            "not within {PATIENCE:?}: {what}"
        );
        sleep(Duration::from_millis(20)).await;
    }
}
