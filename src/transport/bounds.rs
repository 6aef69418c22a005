//! How much of everything there may be, and for how long.

use std::time::Duration;

use super::SseServerTransport;

impl<H> SseServerTransport<H> {
    /// How many sessions may be open at a time. Default: any number. A `GET` beyond them is answered
    /// with 503 and `retry-after`.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.stream.session.limits.sessions = Some(sessions);
        self
    }

    /// How many sessions each [`Principal`](crate::session::Principal) may have open at a time. Default: any number. Sessions
    /// without a principal do not count, [`max_sessions`](Self::max_sessions) bounds them.
    pub fn max_sessions_per_principal(mut self, sessions: usize) -> Self {
        self.stream.session.limits.sessions_per_principal = Some(sessions);
        self
    }

    /// The largest body of a `POST`, in bytes. Default: 4 MiB. A larger one is answered with 413.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.post.body_limit = bytes;
        self
    }

    /// After how long a time without a message in either direction a session is ended. Default: never.
    ///
    /// Keep-alives do not count. `None` and zero turn it off.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = on(timeout.into());
        self.stream.session.channel.track_activity = timeout.is_some();
        self.stream.timing.idle_timeout = timeout;
        self
    }

    /// How long a client may leave unread what the server has to write, before its session is ended.
    /// Default: 60 s. The end comes after that time, and at most an eighth of it later: so nothing need be
    /// set anew for each message.
    ///
    /// It counts from when the buffers of the server and of both operating systems are full. The
    /// session is then gone as if it were closed, and what its client did not read is dropped. Its
    /// stream stays with the server, which cannot write, until the connection breaks or the client
    /// reads on and finds the end. A handler that was [`Spawned`](crate::handler::Spawned), and whoever
    /// holds a sender, is told at once; a handler that the stream itself drives is dropped with it.
    ///
    /// A client that stops in the middle of a `POST`'s body is answered with 400 after that time, or
    /// after twice that time at the latest, so that what it sent does not keep the room of others.
    ///
    /// `None` and zero turn it off.
    pub fn stall_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = on(timeout.into());
        self.stream.timing.stall_timeout = timeout;
        self.post.stall_timeout = timeout;
        self
    }

    /// How long a `POST` waits for room in its session's inbox before it is answered with 503.
    /// Default: 3 s, which is less than the 5 s after which the Python SDK's client gives up.
    pub fn delivery_timeout(mut self, timeout: Duration) -> Self {
        self.post.delivery_timeout = timeout;
        self
    }

    /// How many messages wait for a session's handler; a `POST` beyond them waits. Default: 32.
    ///
    /// # Panics
    ///
    /// `messages` is 0: nothing could ever be delivered.
    pub fn inbox_capacity(mut self, messages: usize) -> Self {
        assert!(
            messages > 0,
            "inbox_capacity must be at least 1, nothing could ever be delivered"
        );
        self.stream.session.channel.inbox.items = messages;
        self
    }

    /// How many messages wait for a session's client; a send beyond them waits. Default: 32.
    ///
    /// # Panics
    ///
    /// `messages` is 0: nothing could ever be sent.
    pub fn outbox_capacity(mut self, messages: usize) -> Self {
        assert!(
            messages > 0,
            "outbox_capacity must be at least 1, nothing could ever be sent"
        );
        self.stream.session.channel.outbox.items = messages;
        self
    }

    /// How many bytes wait for a session's handler; a `POST` beyond them waits. Default: 1 MiB.
    ///
    /// A message counts with its text, its request's headers and a few hundred bytes of its own. One
    /// that has more than all the room goes in alone, when nothing else waits.
    pub fn inbox_bytes(mut self, bytes: usize) -> Self {
        self.stream.session.channel.inbox.bytes = bytes;
        self
    }

    /// How many bytes wait for a session's client; a send beyond them waits. Default: 1 MiB.
    ///
    /// One message that has more than all the room goes in alone, when nothing else waits.
    pub fn outbox_bytes(mut self, bytes: usize) -> Self {
        self.stream.session.channel.outbox.bytes = bytes;
        self
    }

    /// How many bytes the bodies of all `POST`s that are on their way into an inbox may have together.
    /// Default: 64 MiB. One beyond them waits, as for an inbox, and is then answered with 503.
    ///
    /// Those of one session have a sixteenth of it, so that no session takes the room of all others.
    /// Both are at least [`body_limit`](Self::body_limit), whatever is given: one body alone always
    /// finds room. Each call of [`services`](Self::services) makes a budget of its own.
    pub fn in_flight_bytes(mut self, bytes: usize) -> Self {
        self.post.in_flight_bytes = bytes;
        self
    }
}

pub(super) const STALL_TIMEOUT: Duration = Duration::from_secs(60);
const FAR: Duration = Duration::from_secs(u32::MAX as u64);

/// Zero means off, as none does. A clock must be able to tell when it is over.
pub(super) fn on(interval: Option<Duration>) -> Option<Duration> {
    let on = interval.filter(|interval| !interval.is_zero());
    on.map(|interval| interval.min(FAR))
}
