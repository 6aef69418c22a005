use tracing::{Span, span::Entered};

use super::reporting;

/// While it exists, code runs in a span. A subscriber that panics harms only its own records.
#[must_use = "dropping it leaves the span"]
pub(crate) struct InSpan<'a> {
    entered: Option<Entered<'a>>,
}

impl<'a> InSpan<'a> {
    pub(super) fn enter(span: &'a Span) -> Self {
        let mut entered = None;
        reporting(|| entered = Some(span.enter()));
        Self { entered }
    }
}

impl Drop for InSpan<'_> {
    fn drop(&mut self) {
        reporting(|| drop(self.entered.take()));
    }
}
