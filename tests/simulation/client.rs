//! The client's side of a session: its stream, read strictly, and what the client knows.

use std::{collections::BTreeSet, time::Duration};

use bytes::Bytes;
use http_body::Body;
use mcp_sse_server::{
    Message,
    message::MessageKind,
    session::{Principal, SessionId, SessionSender},
    sse::SseBody,
};
use mcp_sse_testkit::events::Parser;
use tokio::time::Instant;
use tokio_test::task::Spawn;

use crate::handler::{Log, Logs, Phase, seq};

/// The causes, outside of the handler, that may have closed a session.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ended {
    pub(crate) dropped: bool,
    pub(crate) closed: bool,
    /// The stall timeout: it did not read.
    pub(crate) stalled: bool,
    pub(crate) idle: bool,
    /// The deadline of a shutdown.
    pub(crate) cut: bool,
}

impl Ended {
    pub(crate) fn any(self) -> bool {
        self.dropped || self.closed || self.stalled || self.idle || self.cut
    }
}

pub(crate) struct Client<F> {
    pub(crate) id: SessionId,
    pub(crate) uri: String,
    pub(crate) principal: Option<Principal>,
    pub(crate) sender: Option<SessionSender>,
    pub(crate) body: Option<Spawn<SseBody<F>>>,
    /// Whether the server can write, so that it polls the stream.
    pub(crate) reads: bool,
    pub(crate) fresh: bool,
    /// When the server last took bytes, if it has not asked for more since.
    pub(crate) given: Option<Instant>,
    pub(crate) accepted: Vec<u64>,
    pub(crate) next: u64,
    pub(crate) ended: Ended,
    pub(crate) listed: bool,
    /// How many messages of the outbox were read.
    pub(crate) read: usize,
    /// The accepted requests that got a response, and those that got an error because the server ended the
    /// session.
    answered: BTreeSet<u64>,
    failed: BTreeSet<u64>,
    events: Parser,
    pub(crate) over: bool,
}

impl<F: Future<Output: mcp_sse_server::handler::HandlerOutput>> Client<F> {
    pub(crate) fn new(id: SessionId, uri: String, body: Spawn<SseBody<F>>) -> Self {
        Self {
            id,
            uri,
            principal: None,
            sender: None,
            body: Some(body),
            reads: true,
            fresh: true,
            given: None,
            accepted: Vec::new(),
            next: 0,
            ended: Ended::default(),
            listed: true,
            read: 0,
            answered: BTreeSet::new(),
            failed: BTreeSet::new(),
            events: Parser::default(),
            over: false,
        }
    }

    /// Whether a server would poll the stream now.
    pub(crate) fn is_due(&self) -> bool {
        let Some(body) = &self.body else { return false };
        !self.over && (self.fresh || self.given.is_some() || body.is_woken())
    }

    /// Polls the stream once. Returns whether anything came.
    pub(crate) fn poll(&mut self, logs: &Logs) -> bool {
        let Some(body) = &mut self.body else {
            return false;
        };
        if self.over {
            return false;
        }
        self.fresh = false;
        self.given = None;
        match body.enter(|cx, body| body.poll_frame(cx)) {
            std::task::Poll::Pending => false,
            std::task::Poll::Ready(Some(frame)) => {
                self.given = Some(Instant::now());
                let bytes = frame.unwrap().into_data().unwrap();
                let id = self.id;
                logs.with(&id, |log| self.take(&bytes, log));
                true
            }
            std::task::Poll::Ready(None) => {
                self.over = true;
                assert!(body.is_end_stream());
                true
            }
        }
    }

    fn take(&mut self, bytes: &Bytes, log: &Log) {
        assert!(!bytes.is_empty(), "an empty frame");
        self.events.push(bytes);
        while let Some(event) = self.events.event().unwrap() {
            let text = event.data;
            if event.name == "endpoint" {
                assert_eq!(text, self.uri);
                continue;
            }
            let message = Message::parse(text.clone()).unwrap();
            let seq = message.id().map(|id| seq(&id.to_string()));
            if log.out.get(self.read).is_some_and(|out| *out == text) {
                self.read += 1;
                self.answered.extend(seq);
                continue;
            }
            // A session that stalled lost what was in its outbox.
            let is_last = self.read == log.out.len() || self.ended.stalled;
            if let (MessageKind::Error, Some(seq), true) = (message.kind(), seq, is_last) {
                assert!(self.failed.insert(seq), "{seq} failed twice");
                continue;
            }
            panic!("lost, out of order or never sent: {text}");
        }
        self.events.end().expect("an event in one frame");
    }

    /// Checks at the end of the stream that all sent messages came, unless the client did not read.
    pub(crate) fn check_end(&self, log: &Log) {
        assert!(
            self.ended.stalled || self.read == log.out.len(),
            "messages were lost at the end"
        );
        let accepted: BTreeSet<_> = self.accepted.iter().copied().collect();
        assert!(self.answered.is_disjoint(&self.failed));
        let mut ended = &self.answered | &self.failed;
        if self.ended.stalled {
            // Answers that it did not read are lost.
            ended = &ended | &accepted;
        }
        assert_eq!(ended, accepted, "requests without an answer");
        if log.phase == Phase::Told && !self.ended.any() {
            assert_eq!(
                log.received, self.accepted,
                "accepted messages were not received"
            );
        }
    }

    /// Whether a client that does not read must have stalled by now, and whether it may have.
    pub(crate) fn stalled(&self, timeout: Option<Duration>) -> (bool, bool) {
        let (Some(timeout), Some(given)) = (timeout, self.given) else {
            return (false, false);
        };
        let since = given.elapsed();
        (
            since >= timeout * 9 / 8 + Duration::from_millis(1_010),
            since >= timeout,
        )
    }
}
