//! A subscriber that records events and spans, separately for each thread.

use std::{
    cell::RefCell,
    fmt::{self, Write},
    sync::Once,
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{
    Layer,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

thread_local! {
    static TOLD: RefCell<Vec<Told>> = const { RefCell::new(Vec::new()) };
}

/// An event, or a span that was opened, linked or given another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) level: Level,
    /// That of the event, or of the span.
    pub(super) target: &'static str,
    /// The fields, as `name=value;`.
    pub(super) text: String,
    /// The names of the spans that it is in, the innermost first.
    pub(super) spans: Vec<&'static str>,
}

/// The records of this thread. One subscriber serves all threads: with one for each thread, they would race
/// for the interest that each callsite caches.
pub(super) struct Recorder;

impl Recorder {
    pub(super) fn start() -> Self {
        static INSTALL: Once = Once::new();
        INSTALL.call_once(|| {
            let subscriber = tracing_subscriber::registry().with(Keep);
            tracing::subscriber::set_global_default(subscriber).unwrap();
        });
        TOLD.take();
        Self
    }

    /// The records since the last call.
    #[expect(
        clippy::unused_self,
        reason = "there are records only after it was started"
    )]
    pub(super) fn take(&self) -> Vec<Told> {
        TOLD.take()
    }

    /// The only warning.
    pub(super) fn warning(&self) -> String {
        let mut told = self.take();
        told.retain(|told| told.level == Level::WARN);
        assert_eq!(told.len(), 1, "{told:?}");
        told.remove(0).text
    }
}

struct Keep;

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, "{field}={value:?};").unwrap();
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.0, "{field}={value};").unwrap();
    }
}

impl Keep {
    fn note<S: Subscriber + for<'a> LookupSpan<'a>>(
        (level, target): (Level, &'static str),
        cx: &Context<'_, S>,
        within: Option<&Id>,
        record: impl FnOnce(&mut Text),
    ) {
        let mut text = Text(String::new());
        record(&mut text);
        let scope = within.and_then(|id| cx.span_scope(id));
        let spans = scope.into_iter().flatten().map(|span| span.name());
        TOLD.with_borrow_mut(|told| {
            told.push(Told {
                level,
                target,
                text: text.0,
                spans: spans.collect(),
            });
        });
    }
}

fn target<S: Subscriber + for<'a> LookupSpan<'a>>(cx: &Context<'_, S>, id: &Id) -> &'static str {
    cx.metadata(id).expect("a span").target()
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Keep {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        let of = (
            *attributes.metadata().level(),
            attributes.metadata().target(),
        );
        Self::note(of, &cx, Some(id), |text| attributes.record(text));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, cx: Context<'_, S>) {
        let of = (Level::TRACE, target(&cx, id));
        Self::note(of, &cx, Some(id), |text| values.record(text));
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, cx: Context<'_, S>) {
        let of = (Level::TRACE, target(&cx, id));
        Self::note(of, &cx, Some(id), |text| {
            let follows = cx.span(follows).unwrap();
            write!(text.0, "follows={};", follows.name()).unwrap();
        });
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let span = cx.event_span(event).map(|span| span.id());
        let of = (*event.metadata().level(), event.metadata().target());
        Self::note(of, &cx, span.as_ref(), |text| event.record(text));
    }

    fn on_close(&self, id: Id, cx: Context<'_, S>) {
        let of = (Level::TRACE, target(&cx, &id));
        Self::note(of, &cx, Some(&id), |text| text.0.push_str("closed;"));
    }
}
