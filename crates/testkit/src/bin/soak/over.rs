//! The end of a session, and whether it is a fault.

use std::sync::atomic::Ordering::Relaxed;

use crate::server::Server;

/// The session is over: a drain explains it, or a fault was reported.
pub(crate) struct Over;

/// Reports a fault, unless a drain has begun since `epoch`, which explains it.
pub(crate) fn excuse(server: &Server, epoch: u64, what: &str) -> Over {
    let now = server.stats.epoch.load(Relaxed);
    if epoch % 2 == 0 && now == epoch {
        server.stats.fault(format!("without a drain: {what}"));
    }
    Over
}
