//! Files that flags name.

use std::{io, path::Path};

/// Reads a file. The error names the flag.
pub(super) fn read(flag: &str, path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path).map_err(|error: io::Error| format!("{flag} {}: {error}", path.display()))
}
