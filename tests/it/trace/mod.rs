//! What a `tracing` subscriber is told.

mod nodes;
mod recorder;
mod refusals;
mod sessions;
