//! Panics in code of others: in an extension's `Drop`, in a subscriber, in a recorder. They harm at most the
//! session in which they happen.

use std::{
    pin::pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::Request;
use mcp_sse_server::{Handler, Session, session::CloseReason};
use mcp_sse_testkit::{
    messages::ping,
    polled::{self, Server},
    requests,
};
use tokio::time::timeout;

const MINUTE: Duration = Duration::from_secs(60);

/// An extension of middleware.
#[derive(Clone)]
struct Grenade;

impl Drop for Grenade {
    fn drop(&mut self) {
        panic!("an extension panics when it is dropped");
    }
}

type Slot = Arc<Mutex<Vec<Session>>>;

/// Sessions that the test receives from.
fn kept() -> (Server<impl Handler>, Slot) {
    let slot = Slot::default();
    let sessions = Arc::clone(&slot);
    let server = Server::new(move |session: Session| {
        sessions.lock().unwrap().push(session);
        std::future::pending::<()>()
    });
    (server, slot)
}

fn with_grenade<B>(mut request: Request<B>) -> Request<B> {
    request.extensions_mut().insert(Grenade);
    request
}

/// In the timer's thread a panic would end the process, and so would a second one while the first unwinds.
#[tokio::test(start_paused = true)]
async fn an_extension_that_panics_in_the_stall_timer_ends_only_its_session() {
    let (server, slot) = kept();
    let stream = server.open();
    let mut other = server.open();
    assert_eq!(other.poll(), None);
    for id in 0..3 {
        let post = with_grenade(requests::post_text(&stream.uri, ping(id)));
        assert_eq!(server.call_now(post).status(), 202);
    }
    let session = slot.lock().unwrap().remove(0);
    let closed = timeout(2 * MINUTE, session.closed()).await;
    assert_eq!(closed.unwrap(), CloseReason::Stalled);
    assert_eq!(server.post(&stream.uri, &ping(9)).await.status(), 404);
    server.post_now(&other.uri, ping(1));
    let mut session = slot.lock().unwrap().remove(0);
    assert!(polled::now(pin!(session.recv())).is_some());
    assert_eq!(server.sessions.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_panics_when_a_stream_is_dropped_leaves_no_session() {
    let (server, slot) = kept();
    let stream = server.open();
    for id in 0..3 {
        let post = with_grenade(requests::post_text(&stream.uri, ping(id)));
        assert_eq!(server.call_now(post).status(), 202);
    }
    drop(stream);
    assert!(server.sessions.is_empty());
    let session = slot.lock().unwrap().remove(0);
    assert_eq!(session.closed().await, CloseReason::ClientGone);
    timeout(MINUTE, server.sessions.shutdown())
        .await
        .expect("no stream is left");
}

#[cfg(any(feature = "metrics", feature = "tracing"))]
/// The life of a session, while every call to a subscriber or a recorder panics.
async fn whole_life() {
    let (server, slot) = kept();
    // Closed by its client.
    let mut stream = server.open();
    assert_eq!(stream.poll(), None);
    server.post_now(&stream.uri, ping(1));
    assert_eq!(server.post("/messages/", &ping(1)).await.status(), 400);
    let mut session = slot.lock().unwrap().remove(0);
    let message = session.recv().await.unwrap().message;
    session.send(message).await.unwrap();
    assert!(matches!(stream.poll(), Some(Some(_))));
    server.post_now(&stream.uri, ping(2));
    drop(stream);
    assert_eq!(session.closed().await, CloseReason::ClientGone);
    drop(session);
    // Closed by the stall timer.
    let stream = server.open();
    server.post_now(&stream.uri, ping(3));
    let session = slot.lock().unwrap().remove(0);
    let closed = timeout(2 * MINUTE, session.closed()).await;
    assert_eq!(closed.unwrap(), CloseReason::Stalled);
    assert!(server.sessions.is_empty());
    drop((session, stream));
    timeout(MINUTE, server.sessions.shutdown())
        .await
        .expect("no stream is left");
}

#[cfg(feature = "tracing")]
mod subscriber {
    use tracing::{Event, Metadata, Subscriber, span};

    use super::*;

    /// Panics in every call that it can.
    struct Panics;

    impl Subscriber for Panics {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            panic!("a subscriber panics at a new span");
        }

        fn record(&self, _: &span::Id, _: &span::Record<'_>) {
            panic!("a subscriber panics at a field");
        }

        fn record_follows_from(&self, _: &span::Id, _: &span::Id) {
            panic!("a subscriber panics at a relation");
        }

        fn event(&self, _: &Event<'_>) {
            panic!("a subscriber panics at an event");
        }

        fn enter(&self, _: &span::Id) {
            panic!("a subscriber panics at an entry");
        }

        fn exit(&self, _: &span::Id) {
            panic!("a subscriber panics at an exit");
        }
    }

    /// Makes spans, and panics in every other call.
    struct PanicsLater;

    impl Subscriber for PanicsLater {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
            span::Id::from_u64(1)
        }

        fn record(&self, span: &span::Id, record: &span::Record<'_>) {
            Panics.record(span, record);
        }

        fn record_follows_from(&self, span: &span::Id, other: &span::Id) {
            Panics.record_follows_from(span, other);
        }

        fn event(&self, event: &Event<'_>) {
            // The first, so that the span is kept.
            if event.metadata().level() != &tracing::Level::INFO {
                Panics.event(event);
            }
        }

        fn enter(&self, span: &span::Id) {
            Panics.enter(span);
        }

        fn exit(&self, span: &span::Id) {
            Panics.exit(span);
        }

        fn try_close(&self, _: span::Id) -> bool {
            panic!("a subscriber panics at the end of a span");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscriber_that_panics_ends_no_session_and_leaves_none() {
        let guard = tracing::subscriber::set_default(Panics);
        whole_life().await;
        drop(guard);
        let _guard = tracing::subscriber::set_default(PanicsLater);
        whole_life().await;
    }
}

#[cfg(feature = "metrics")]
mod recorder {
    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata,
        Recorder, SharedString, Unit,
    };

    use super::*;

    struct Panics;

    impl CounterFn for Panics {
        fn increment(&self, _: u64) {
            panic!("a recorder panics at a counter");
        }

        fn absolute(&self, _: u64) {}
    }

    impl GaugeFn for Panics {
        fn increment(&self, _: f64) {
            panic!("a recorder panics at a gauge");
        }

        fn decrement(&self, _: f64) {
            panic!("a recorder panics at a gauge");
        }

        fn set(&self, _: f64) {}
    }

    impl HistogramFn for Panics {
        fn record(&self, _: f64) {
            panic!("a recorder panics at a histogram");
        }
    }

    /// Its handles panic; it does not, as it makes them when the transport is made.
    struct Broken;

    impl Recorder for Broken {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            // These are set to 0 when the transport is made.
            match key
                .labels()
                .any(|label| label.key() == "reason" || label.value() == "accepted")
            {
                true => Counter::noop(),
                false => Counter::from_arc(Arc::new(Panics)),
            }
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(Arc::new(Panics))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(Arc::new(Panics))
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_recorder_that_panics_ends_no_session_and_leaves_none() {
        let _guard = metrics::set_default_local_recorder(&Broken);
        whole_life().await;
    }
}
