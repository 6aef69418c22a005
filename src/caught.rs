//! Code of others: of handlers, of middleware's extensions, of recorders and subscribers.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs code of others. `None` if it panics: the panic goes no further.
///
/// The caller must not use what the code may have left half done.
#[inline]
pub(crate) fn caught<T>(code: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(code)).ok()
}
