/// When a message entered a queue.
#[derive(Clone, Copy)]
pub(crate) struct Stamp {
    #[cfg(feature = "metrics")]
    pub(super) since: tokio::time::Instant,
}

impl Stamp {
    pub(crate) fn now() -> Self {
        Self {
            #[cfg(feature = "metrics")]
            since: tokio::time::Instant::now(),
        }
    }
}
