//! Writes messages from values.

mod encode;
mod marks;
mod output;
mod strings;
pub(super) mod writer;
