//! Event streams, read strictly: what the transport must not write is an error.

use std::{fmt::Debug, time::Duration};

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;

use crate::{handlers::echoed, within};

/// An event with a name and data.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// Its `event:` line.
    pub name: String,
    /// Its `data:` lines, joined by line feeds.
    pub data: String,
}

/// Makes events of the bytes of one stream.
#[derive(Default)]
pub struct Parser {
    unread: Vec<u8>,
    /// The event that is being read.
    name: Option<String>,
    data: Vec<String>,
    announced: bool,
}

impl Parser {
    /// Takes the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next event, if all of it is there. Comments are passed over.
    ///
    /// # Errors
    ///
    /// Fails on text that the transport must not write.
    pub fn event(&mut self) -> Result<Option<Event>, String> {
        while let Some(end) = memchr::memchr(b'\n', &self.unread) {
            let line: Vec<u8> = self.unread.drain(..=end).collect();
            let line = std::str::from_utf8(&line[..end]).map_err(|_| "a line is not UTF-8")?;
            if line.contains('\r') {
                return Err(format!("a CR, which ends a line, too: {line:?}"));
            }
            if let Some(name) = line.strip_prefix("event: ") {
                if self.name.is_some() || !self.data.is_empty() {
                    return Err(format!("a name must come first, and once: {line:?}"));
                }
                self.name = Some(name.to_owned());
            } else if let Some(data) = line.strip_prefix("data: ") {
                self.data.push(data.to_owned());
            } else if line.is_empty() {
                return self.finish().map(Some);
            } else if line != ":" || self.name.is_some() || !self.announced {
                return Err(format!("not a line of this transport here: {line:?}"));
            }
        }
        Ok(None)
    }

    fn finish(&mut self) -> Result<Event, String> {
        let data = std::mem::take(&mut self.data);
        let name = self.name.take().ok_or("an event without a name")?;
        let expected = if self.announced {
            "message"
        } else {
            "endpoint"
        };
        if name != expected || data.is_empty() {
            return Err(format!(
                "not an event of this transport: {name:?}, {data:?}"
            ));
        }
        self.announced = true;
        let data = data.join("\n");
        Ok(Event { name, data })
    }

    /// Checks that the stream has not ended inside an event.
    ///
    /// # Errors
    ///
    /// Fails with the part of the event that is there.
    pub fn end(&self) -> Result<(), String> {
        if self.unread.is_empty() && self.name.is_none() && self.data.is_empty() {
            return Ok(());
        }
        let unread = self.unread.escape_ascii();
        Err(format!("cut in an event: {:?}, {unread}", self.name))
    }
}

/// Where the bytes of a stream come from.
pub trait Source {
    /// The next bytes, or `None` at the end.
    fn more(&mut self) -> impl Future<Output = Option<Bytes>>;
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

/// Reads the events of a stream, and panics on anything else.
pub struct Events<S> {
    source: S,
    parser: Parser,
}

impl<S: Source> Events<S> {
    /// Reads a stream from its beginning.
    pub fn new(source: S) -> Self {
        let parser = Parser::default();
        Self { source, parser }
    }

    /// Reads a stream whose `endpoint` event was read.
    pub fn after_endpoint(source: S) -> Self {
        let mut events = Self::new(source);
        events.parser.announced = true;
        events
    }

    /// The next event, or `None` at the end of the stream.
    pub async fn next(&mut self) -> Option<Event> {
        within("an event", self.read()).await
    }

    /// Whether no event comes for this time. Tests pause the clock for it.
    pub async fn are_silent_for(&mut self, time: Duration) -> bool {
        tokio::time::timeout(time, self.read()).await.is_err()
    }

    /// Reads the first event: the path to post to.
    pub async fn endpoint(&mut self) -> String {
        let event = self.next().await.expect("the stream ends at once");
        assert_eq!(event.name, "endpoint", "the first event");
        event.data
    }

    /// Reads a response of [`echo`](crate::handlers::echo): the text that it quotes.
    pub async fn echoed(&mut self) -> String {
        let event = self.next().await.expect("the stream ends before an echo");
        assert_eq!(event.name, "message");
        echoed(&event.data)
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            match self.parser.event() {
                Ok(Some(event)) => return Some(event),
                Ok(None) => {}
                Err(error) => panic!("{error}"),
            }
            let Some(bytes) = self.source.more().await else {
                self.parser.end().unwrap();
                return None;
            };
            self.parser.push(&bytes);
        }
    }
}
