//! A subscriber that keeps what it is told.

use std::{
    fmt::{self, Write},
    sync::{Arc, Mutex},
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};

/// Keeps the events of this thread as text.
#[derive(Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Vec<(Level, String)>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?};").unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, "{field}={value};").unwrap();
    }
}

impl Subscriber for Recorder {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("mcp_sse_server")
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        let mut text = Text(String::new());
        attributes.record(&mut text);
        self.note(*attributes.metadata().level(), text.0);
        span::Id::from_u64(1)
    }

    fn record(&self, _span: &span::Id, values: &span::Record<'_>) {
        let mut text = Text(String::new());
        values.record(&mut text);
        self.note(Level::TRACE, text.0);
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(String::new());
        event.record(&mut text);
        self.note(*event.metadata().level(), text.0);
    }

    fn record_follows_from(&self, _span: &span::Id, _follows: &span::Id) {}
    fn enter(&self, _span: &span::Id) {}
    fn exit(&self, _span: &span::Id) {}
}

impl Recorder {
    /// Keeps what this thread is told from now on. `probe` causes an event.
    ///
    /// Another thread may be about to cause the same event for the first time and, before this
    /// subscriber was there, have found that nobody wants it; that is put right until it is known.
    pub(super) fn start(probe: impl Fn()) -> (Self, DefaultGuard) {
        let recorder = Self::default();
        let guard = tracing::subscriber::set_default(recorder.clone());
        for _ in 0..100_000 {
            probe();
            if !recorder.take().is_empty() {
                return (recorder, guard);
            }
            std::thread::yield_now();
            tracing::callsite::rebuild_interest_cache();
        }
        panic!("the probe causes no event");
    }

    fn note(&self, level: Level, text: String) {
        self.0.lock().unwrap().push((level, text));
    }

    pub(super) fn take(&self) -> Vec<(Level, String)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The one event that there is, which warns.
    pub(super) fn warning(&self) -> String {
        let mut events = self.take();
        assert_eq!(events.len(), 1, "{events:?}");
        let (level, text) = events.remove(0);
        assert_eq!(level, Level::WARN);
        text
    }
}
