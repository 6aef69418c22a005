//! What a `tracing` subscriber is told.

mod recorder;
mod refusals;
mod sessions;
