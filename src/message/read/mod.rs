//! Reads a text: JSON tokens, the rules of an envelope, and where its parts are.

pub(super) mod cursor;
pub(super) mod escape;
pub(super) mod field;
pub(super) mod reader;
pub(super) mod scan;
pub(super) mod text;
