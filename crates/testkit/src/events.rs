use std::fmt::Debug;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;

use super::{echoed, within};

/// Where the bytes of a stream come from. `None` is its end.
pub(crate) trait Source {
    async fn more(&mut self) -> Option<Bytes>;
}

impl<B> Source for B
where
    B: Body<Data = Bytes, Error: Debug> + Unpin,
{
    async fn more(&mut self) -> Option<Bytes> {
        loop {
            let frame = self.frame().await?.expect("the stream breaks off");
            if let Ok(data) = frame.into_data() {
                return Some(data);
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) name: String,
    pub(crate) data: String,
}

/// Reads events one by one. It knows only what the transport may write, and panics on all else.
pub(crate) struct Events<S> {
    source: S,
    unread: Vec<u8>,
}

impl<S: Source> Events<S> {
    pub(crate) fn new(source: S) -> Self {
        let unread = Vec::new();
        Self { source, unread }
    }

    /// The next event, or `None` at the end of the stream.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        within("an event", self.read()).await
    }

    /// Whether no event comes for so long, in paused time. Comments are passed over.
    pub(crate) async fn are_silent_for(&mut self, time: std::time::Duration) -> bool {
        tokio::time::timeout(time, self.read()).await.is_err()
    }

    /// The first event's data: where to post.
    pub(crate) async fn endpoint(&mut self) -> String {
        let event = self.next().await.expect("the stream ends at once");
        assert_eq!(event.name, "endpoint", "the first event");
        event.data
    }

    /// The text that the next message echoes.
    pub(crate) async fn echoed(&mut self) -> String {
        let event = self.next().await.expect("the stream ends before an echo");
        assert_eq!(event.name, "message");
        echoed(&event.data)
    }

    async fn read(&mut self) -> Option<Event> {
        let (mut name, mut data) = (None, Vec::new());
        loop {
            let Some(line) = self.line().await else {
                assert!(name.is_none() && data.is_empty(), "cut in an event");
                return None;
            };
            if let Some(value) = line.strip_prefix("event: ") {
                assert!(data.is_empty(), "the name stands first");
                assert_eq!(name.replace(value.to_owned()), None, "two names");
            } else if let Some(value) = line.strip_prefix("data: ") {
                data.push(value.to_owned());
            } else if line.is_empty() {
                let name = name.expect("an event without a name");
                assert!(!data.is_empty(), "an event without data");
                let data = data.join("\n");
                return Some(Event { name, data });
            } else {
                assert_eq!(line, ":", "no line of this transport");
                assert!(name.is_none(), "a comment inside an event");
            }
        }
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.unread) {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let line = String::from_utf8(line).expect("a stream is UTF-8");
                assert!(!line.contains('\r'), "a bare CR ends a line, too: {line:?}");
                return Some(line[..end].to_owned());
            }
            let Some(bytes) = self.source.more().await else {
                assert!(self.unread.is_empty(), "cut in a line");
                return None;
            };
            self.unread.extend_from_slice(&bytes);
        }
    }
}
