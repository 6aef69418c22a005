use std::fmt;

/// What the future of a [`Handler`](super::Handler) returns: `()`, or a `Result` whose error can be displayed.
///
/// An error closes the session with [`CloseReason::HandlerFailed`](crate::session::CloseReason::HandlerFailed).
/// Its text is logged, and is not sent to the client. This trait cannot be implemented outside this crate.
pub trait HandlerOutput: sealed::Sealed {}

impl HandlerOutput for () {}
impl<E: fmt::Display> HandlerOutput for Result<(), E> {}

pub(crate) mod sealed {
    use std::fmt;

    pub trait Sealed {
        /// Passes the error, if there is one, to a function. Returns whether there is none.
        fn report(self, failed: impl FnOnce(&dyn fmt::Display)) -> bool;
    }

    impl Sealed for () {
        fn report(self, _failed: impl FnOnce(&dyn fmt::Display)) -> bool {
            true
        }
    }

    impl<E: fmt::Display> Sealed for Result<(), E> {
        fn report(self, failed: impl FnOnce(&dyn fmt::Display)) -> bool {
            self.inspect_err(|error| failed(error)).is_ok()
        }
    }
}

/// The error of a handler whose type was erased.
pub(super) type ErasedError = Box<dyn std::error::Error + Send + Sync>;

/// Erases the type of a handler's error.
pub(super) fn erase(output: impl HandlerOutput) -> Result<(), ErasedError> {
    let mut text = None;
    output.report(|error| text = Some(error.to_string()));
    text.map_or(Ok(()), |text| Err(text.into()))
}
