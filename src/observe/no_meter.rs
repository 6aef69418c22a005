#![expect(clippy::unused_self, reason = "the same calls as with the feature")]

use std::time::Duration;

use crate::{response::RejectionKind, session::CloseReason};

/// No metrics.
#[derive(Clone)]
pub(crate) struct Meter;

impl Meter {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(super) fn opened(&self) {}
    pub(super) fn closed(&self, _: CloseReason, _: Duration) {}
    pub(super) fn received(&self, _: usize) {}
    pub(super) fn wrote(&self, _: usize) {}
    pub(super) fn kept_alive(&self) {}
    pub(crate) fn broadcast(&self, _: usize, _: usize) {}

    pub(crate) fn inbox(&self) -> QueueMeter {
        QueueMeter
    }

    pub(crate) fn outbox(&self) -> QueueMeter {
        QueueMeter
    }
}

pub(super) fn refused(_: &'static str, _: RejectionKind) {}
pub(super) fn relayed(_: &'static str) {}

pub(crate) struct QueueMeter;

impl QueueMeter {
    #[cfg(test)]
    pub(crate) fn none() -> Self {
        Self
    }

    pub(crate) fn put(&self, _: impl FnOnce() -> usize) -> Stamp {
        Stamp
    }

    pub(crate) fn taken(&self, _: Stamp, _: impl FnOnce() -> usize) {}
    pub(crate) fn dropped(&self, _: usize, _: impl FnOnce() -> usize) {}
}

#[derive(Clone, Copy)]
pub(crate) struct Stamp;

pub(super) struct PostMeter;

impl PostMeter {
    pub(super) fn start(_: &Meter) -> Self {
        Self
    }

    pub(super) fn accepted(&mut self) {}
    pub(super) fn refused(&mut self, _: RejectionKind) {}
}
