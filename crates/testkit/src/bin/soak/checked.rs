//! A session that checks each message: none is lost, duplicated, out of order or from another session.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use mcp_sse_server::Message;
use mcp_sse_testkit::wire::{self, Conn, Refused, Stream};

use crate::{
    over::{Over, excuse},
    server::Server,
};

pub(crate) struct Checked {
    pub(crate) stream: Stream,
    pub(crate) posts: Conn,
    server: Arc<Server>,
    epoch: u64,
    tag: u64,
    next: u64,
    /// Written, and not answered yet: these may arrive.
    written: VecDeque<u64>,
    /// Answered with 202: these must arrive, in this order.
    accepted: VecDeque<u64>,
    pushed: u64,
    pushes_seen: u64,
    broadcast: u64,
    may_end: bool,
}

impl Checked {
    pub(crate) async fn open(server: &Arc<Server>) -> Result<Self, Over> {
        let epoch = server.stats.epoch.load(Relaxed);
        let opened = async {
            let stream = Stream::open(server.address).await?;
            let posts = Conn::open(server.address).await?;
            Ok::<_, Refused>((stream, posts))
        };
        let (stream, posts) = match opened.await {
            Ok(opened) => opened,
            Err(refused) => {
                let what = match refused {
                    Refused::Status(status) => status.to_string(),
                    Refused::Io(error) => error.to_string(),
                };
                return Err(excuse(server, epoch, &format!("open: {what}")));
            }
        };
        Ok(Self {
            stream,
            posts,
            server: Arc::clone(server),
            epoch,
            tag: fastrand::u64(..),
            next: 0,
            written: VecDeque::new(),
            accepted: VecDeque::new(),
            pushed: 0,
            pushes_seen: 0,
            broadcast: 0,
            may_end: false,
        })
    }

    /// Ends the session, and reports a fault unless a drain explains the end.
    pub(crate) fn over(&self, what: impl std::fmt::Display) -> Over {
        excuse(&self.server, self.epoch, &what.to_string())
    }

    fn text(&mut self, method: &str, pad: usize) -> String {
        let (tag, seq, pad) = (self.tag, self.next, "x".repeat(pad));
        self.next += 1;
        self.written.push_back(seq);
        format!(
            r#"{{"jsonrpc":"2.0","id":"{tag}-{seq}","method":"{method}","params":{{"pad":"{pad}"}}}}"#
        )
    }

    /// Pipelines messages. The last status that was not 202, if any.
    pub(crate) async fn post(
        &mut self,
        method: &str,
        pad: usize,
        count: usize,
    ) -> Result<u16, Over> {
        let mut bytes = Vec::new();
        for _ in 0..count {
            let text = self.text(method, pad);
            bytes.extend(wire::post(&self.stream.uri, text));
        }
        let statuses = async {
            self.posts.write(&bytes).await?;
            let mut refused = 202;
            for _ in 0..count {
                let status = self.posts.answer().await?;
                let seq = self.written.pop_front().expect("one for each answer");
                if status == 202 {
                    self.server.stats.sent.fetch_add(1, Relaxed);
                    self.accepted.push_back(seq);
                } else {
                    refused = status;
                }
            }
            Ok::<_, io::Error>(refused)
        };
        match statuses.await {
            Ok(status) => Ok(status),
            Err(error) => {
                let over = self.over(format!("post: {error}"));
                // Accepted messages must still arrive.
                self.read_to_the_end(false).await?;
                Err(over)
            }
        }
    }

    /// Pipelines messages, which must all be accepted.
    pub(crate) async fn post_all(
        &mut self,
        method: &str,
        pad: usize,
        count: usize,
    ) -> Result<(), Over> {
        match self.post(method, pad, count).await? {
            202 => Ok(()),
            status => {
                let over = self.over(format!("{method} posted, {status}"));
                self.read_to_the_end(false).await?;
                Err(over)
            }
        }
    }

    /// From now on the server may end the session: requests may get an error instead of a result.
    pub(crate) fn may_end(&mut self) {
        self.may_end = true;
    }

    /// Sends to this session from the server.
    pub(crate) fn push(&mut self) {
        let Some(sender) = self.server.sessions().get(&self.stream.id()) else {
            return;
        };
        let (tag, n) = (self.tag, self.pushed);
        let text = format!(r#"{{"jsonrpc":"2.0","method":"push","params":{{"n":"{tag}-{n}"}}}}"#);
        let message = Message::parse(text).expect("a message");
        self.pushed += u64::from(sender.try_send(message).is_ok());
    }

    /// Reads until every accepted message has been answered.
    pub(crate) async fn read_all(&mut self) -> Result<(), Over> {
        while !self.accepted.is_empty() {
            if !self.read().await? {
                return self.ended(false).and(Err(self.over("the stream ended")));
            }
        }
        Ok(())
    }

    /// Reads until the stream ends. Nothing may be lost, unless the server `closed` the session.
    pub(crate) async fn read_to_the_end(&mut self, closed: bool) -> Result<(), Over> {
        while self.read().await? {}
        self.ended(closed)
    }

    fn ended(&self, closed: bool) -> Result<(), Over> {
        let lost = self.accepted.len() as u64 + (self.pushed - self.pushes_seen);
        if lost > 0 && !closed {
            self.server
                .stats
                .fault(format!("lost: {lost} at the end of a stream"));
            return Err(Over);
        }
        Ok(())
    }

    /// Reads one message. `false` at the end.
    pub(crate) async fn read(&mut self) -> Result<bool, Over> {
        let text = match self.stream.message().await {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(false),
            Err(error) => return Err(self.over(format!("stream: {error}"))),
        };
        self.server.stats.received.fetch_add(1, Relaxed);
        let awaited = self.accepted.front().copied();
        if self.check(&text).is_none() {
            let shown: String = text.chars().take(100).collect();
            self.server.stats.fault(format!(
                "lost, duplicated, out of order or another's: {shown} (tag {}, awaited {awaited:?})",
                self.tag
            ));
            return Err(Over);
        }
        Ok(true)
    }

    fn check(&mut self, text: &str) -> Option<()> {
        let rest = text.strip_prefix(r#"{"jsonrpc":"2.0","#)?;
        if let Some(rest) = rest.strip_prefix(r#""method":"broadcast","params":{"n":"#) {
            let n: u64 = rest.strip_suffix("}}")?.parse().ok()?;
            let later = n > self.broadcast;
            self.broadcast = n;
            return later.then_some(());
        }
        if let Some(rest) = rest.strip_prefix(r#""method":"push","params":{"n":""#) {
            let expected = format!(r#"{}-{}"}}}}"#, self.tag, self.pushes_seen);
            self.pushes_seen += 1;
            return (rest == expected).then_some(());
        }
        let rest = rest.strip_prefix(&format!(r#""id":"{}-"#, self.tag))?;
        let (seq, rest) = rest.split_once('"')?;
        let seq: u64 = seq.parse().ok()?;
        let awaited = self
            .accepted
            .pop_front()
            .or_else(|| self.written.pop_front());
        let is_drained = self.server.stats.epoch.load(Relaxed) != self.epoch;
        let is_end = rest.starts_with(r#","error":{"code":-32603,"#);
        let is_answer =
            rest.starts_with(r#","result":"#) || (is_end && (self.may_end || is_drained));
        (awaited == Some(seq) && is_answer).then_some(())
    }
}
