//! The spans and events that a `tracing` subscriber gets.

mod nodes;
mod page;
mod recorder;
mod refusals;
mod sessions;
