//! The names of the metrics. They are promised: a change of one is a breaking change.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};

pub(super) const SESSIONS: &str = "mcp_sse_sessions";
pub(super) const OPENED: &str = "mcp_sse_sessions_opened_total";
pub(super) const CLOSED: &str = "mcp_sse_sessions_closed_total";
pub(super) const SESSION_DURATION: &str = "mcp_sse_session_duration_seconds";
pub(super) const POSTS: &str = "mcp_sse_posts_total";
pub(super) const POST_DURATION: &str = "mcp_sse_post_duration_seconds";
pub(super) const REFUSALS: &str = "mcp_sse_refusals_total";
pub(super) const RECEIVED: &str = "mcp_sse_messages_received_total";
pub(super) const RECEIVED_BYTES: &str = "mcp_sse_received_bytes_total";
pub(super) const SENT: &str = "mcp_sse_messages_sent_total";
pub(super) const SENT_BYTES: &str = "mcp_sse_sent_bytes_total";
pub(super) const DROPPED: &str = "mcp_sse_messages_dropped_total";
pub(super) const INBOX_WAIT: &str = "mcp_sse_inbox_wait_seconds";
pub(super) const OUTBOX_WAIT: &str = "mcp_sse_outbox_wait_seconds";
pub(super) const QUEUE_MESSAGES: &str = "mcp_sse_queue_messages";
pub(super) const QUEUE_BYTES: &str = "mcp_sse_queue_bytes";
pub(super) const KEEP_ALIVES: &str = "mcp_sse_keep_alives_total";
pub(super) const BROADCASTS: &str = "mcp_sse_broadcasts_total";
pub(super) const BROADCAST_MESSAGES: &str = "mcp_sse_broadcast_messages_total";
pub(super) const RELAYED: &str = "mcp_sse_relayed_posts_total";

/// Tells the recorder what each is.
#[rustfmt::skip]
pub(super) fn describe() {
    describe_gauge!(SESSIONS, Unit::Count, "Open sessions.");
    describe_counter!(OPENED, Unit::Count, "Sessions opened.");
    describe_counter!(CLOSED, Unit::Count, "Sessions ended, by reason.");
    describe_histogram!(SESSION_DURATION, Unit::Seconds, "From a session's opening to its end.");
    describe_counter!(POSTS, Unit::Count, "POSTs, by outcome.");
    describe_histogram!(POST_DURATION, Unit::Seconds, "From an accepted POST's head to its message in the inbox.");
    describe_counter!(REFUSALS, Unit::Count, "Requests refused, by service and reason.");
    describe_counter!(RECEIVED, Unit::Count, "Messages put into an inbox.");
    describe_counter!(RECEIVED_BYTES, Unit::Bytes, "Bytes of the messages put into an inbox.");
    describe_counter!(SENT, Unit::Count, "Messages given to the server to write.");
    describe_counter!(SENT_BYTES, Unit::Bytes, "Bytes of event streams given to the server to write.");
    describe_counter!(DROPPED, Unit::Count, "Messages that were in a queue when their session ended, or its handler let go of it, and went no further.");
    describe_histogram!(INBOX_WAIT, Unit::Seconds, "From a message's arrival in the inbox to the handler.");
    describe_histogram!(OUTBOX_WAIT, Unit::Seconds, "From a message's arrival in the outbox to the frame that carries it.");
    describe_gauge!(QUEUE_MESSAGES, Unit::Count, "Messages in all inboxes, and in all outboxes.");
    describe_gauge!(QUEUE_BYTES, Unit::Bytes, "What they are counted with.");
    describe_counter!(KEEP_ALIVES, Unit::Count, "Keep-alive comments given to the server to write.");
    describe_counter!(BROADCASTS, Unit::Count, "Broadcasts.");
    describe_counter!(BROADCAST_MESSAGES, Unit::Count, "Outboxes that took a broadcast's message, or had no room for it.");
    describe_counter!(RELAYED, Unit::Count, "POSTs given to the relay, for a session of another node, by outcome.");
}
