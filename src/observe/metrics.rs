//! The metrics. Their names and labels are stable, because a change breaks dashboards.

use metrics::{
    Counter, Gauge, Histogram, Unit, counter, describe_counter, describe_gauge, describe_histogram,
    gauge, histogram,
};

/// The handles of one transport's metrics. They belong to the recorder that is installed when the transport
/// is made.
pub(super) struct Metrics {
    pub(super) sessions: Gauge,
    pub(super) opened: Counter,
    pub(super) session_duration: Histogram,
    pub(super) accepted: Counter,
    pub(super) refused: Counter,
    pub(super) cancelled: Counter,
    pub(super) post_duration: Histogram,
    pub(super) received: Counter,
    pub(super) received_bytes: Counter,
    pub(super) sent: Counter,
    pub(super) sent_bytes: Counter,
    pub(super) keep_alives: Counter,
    pub(super) came_back: Counter,
    pub(super) unanswered: Counter,
    pub(super) broadcasts: Counter,
    pub(super) broadcast_sent: Counter,
    pub(super) broadcast_full: Counter,
    pub(super) inbox: QueueMetrics,
    pub(super) outbox: QueueMetrics,
}

/// The handles of the metrics of all inboxes, or of all outboxes.
pub(super) struct QueueMetrics {
    messages: Gauge,
    bytes: Gauge,
    wait: Histogram,
    dropped: Counter,
}

const CLOSED: &str = "mcp_sse_sessions_closed_total";
const POSTS: &str = "mcp_sse_posts_total";
const REFUSALS: &str = "mcp_sse_refusals_total";
const BROADCAST_MESSAGES: &str = "mcp_sse_broadcast_messages_total";
const RELAYED: &str = "mcp_sse_relayed_posts_total";

impl Metrics {
    #[rustfmt::skip] // a line each
    pub(super) fn new(close_reasons: &[&'static str]) -> Self {
        describe_counter!(CLOSED, Unit::Count, "Sessions closed, by reason.");
        describe_counter!(POSTS, Unit::Count, "POSTs, by outcome.");
        describe_counter!(REFUSALS, Unit::Count, "Requests refused, by service and reason.");
        describe_counter!(BROADCAST_MESSAGES, Unit::Count, "Outboxes that took a broadcast message, or had no room for it.");
        describe_counter!(RELAYED, Unit::Count, "POSTs given to the relay for a session of another node, by outcome.");
        // Start the counter at 0, so that a rate shows its first increment.
        counter!(RELAYED, "outcome" => "accepted").increment(0);
        for reason in close_reasons {
            counter!(CLOSED, "reason" => *reason).increment(0);
        }
        let post = |outcome| counter!(POSTS, "outcome" => outcome);
        let broadcast = |outcome| counter!(BROADCAST_MESSAGES, "outcome" => outcome);
        Self {
            sessions: new_gauge("mcp_sse_sessions", "Open sessions."),
            opened: new_counter("mcp_sse_sessions_opened_total", Unit::Count, "Sessions opened."),
            session_duration: seconds("mcp_sse_session_duration_seconds", "From the opening of a session to its close."),
            accepted: post("accepted"),
            refused: post("refused"),
            cancelled: post("cancelled"),
            post_duration: seconds("mcp_sse_post_duration_seconds", "From the head of an accepted POST to its message in the inbox."),
            received: new_counter("mcp_sse_messages_received_total", Unit::Count, "Messages that were accepted: put into an inbox, or answers to the handler's own requests."),
            received_bytes: new_counter("mcp_sse_received_bytes_total", Unit::Bytes, "Bytes of these messages."),
            sent: new_counter("mcp_sse_messages_sent_total", Unit::Count, "Messages handed to the server to write."),
            sent_bytes: new_counter("mcp_sse_sent_bytes_total", Unit::Bytes, "Bytes of event streams handed to the server to write."),
            keep_alives: new_counter("mcp_sse_keep_alives_total", Unit::Count, "Keep-alive comments handed to the server to write."),
            came_back: new_counter("mcp_sse_sessions_initialized_for_client_total", Unit::Count, "Sessions that were initialized on behalf of a client that came back."),
            unanswered: new_counter("mcp_sse_requests_unanswered_total", Unit::Count, "Requests that got an error because the server ended their session before it answered them."),
            broadcasts: new_counter("mcp_sse_broadcasts_total", Unit::Count, "Broadcasts."),
            broadcast_sent: broadcast("sent"),
            broadcast_full: broadcast("full"),
            inbox: QueueMetrics::new("inbox", seconds("mcp_sse_inbox_wait_seconds", "From the arrival of a message in the inbox to the handler.")),
            outbox: QueueMetrics::new("outbox", seconds("mcp_sse_outbox_wait_seconds", "From the arrival of a message in the outbox to the frame that carries it.")),
        }
    }
}

impl QueueMetrics {
    #[rustfmt::skip] // a line each
    fn new(queue: &'static str, wait: Histogram) -> Self {
        const MESSAGES: &str = "mcp_sse_queue_messages";
        const BYTES: &str = "mcp_sse_queue_bytes";
        const DROPPED: &str = "mcp_sse_messages_dropped_total";
        describe_gauge!(MESSAGES, Unit::Count, "Messages in all inboxes, and in all outboxes.");
        describe_gauge!(BYTES, Unit::Bytes, "The bytes that these messages count for.");
        describe_counter!(DROPPED, Unit::Count, "Messages that were in a queue when their session was closed, or when its handler dropped the receiver, and went no further.");
        Self {
            messages: gauge!(MESSAGES, "queue" => queue),
            bytes: gauge!(BYTES, "queue" => queue),
            wait,
            dropped: counter!(DROPPED, "queue" => queue),
        }
    }

    pub(super) fn put(&self, bytes: u32) {
        self.messages.increment(1);
        self.bytes.increment(bytes);
    }

    pub(super) fn taken(&self, since: tokio::time::Instant, bytes: u32) {
        self.messages.decrement(1);
        self.bytes.decrement(bytes);
        self.wait.record(since.elapsed());
    }

    pub(super) fn dropped(&self, messages: usize, bytes: usize) {
        self.messages.decrement(messages as f64);
        self.bytes.decrement(bytes as f64);
        self.dropped.increment(messages as u64);
    }
}

fn new_gauge(name: &'static str, what: &'static str) -> Gauge {
    describe_gauge!(name, Unit::Count, what);
    gauge!(name)
}

fn new_counter(name: &'static str, unit: Unit, what: &'static str) -> Counter {
    describe_counter!(name, unit, what);
    counter!(name)
}

fn seconds(name: &'static str, what: &'static str) -> Histogram {
    describe_histogram!(name, Unit::Seconds, what);
    histogram!(name)
}

// These events are rare, or wait for a network anyway: the recorder looks up the name each time.

pub(super) fn closed(reason: &'static str) {
    counter!(CLOSED, "reason" => reason).increment(1);
}

pub(super) fn refused(service: &'static str, reason: &'static str) {
    counter!(REFUSALS, "service" => service, "reason" => reason).increment(1);
}

pub(super) fn relayed(outcome: &'static str) {
    counter!(RELAYED, "outcome" => outcome).increment(1);
}
