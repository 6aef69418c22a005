//! Shared by the targets: a runtime with a paused clock, recorded streams, and scripted bodies.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use eventsource_stream::{Event, EventStream};
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use mcp_sse_server::{Handler, handler::HandlerOutput, session::Principal};
use mcp_sse_testkit::polled::{self, Server};
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};

/// Runs one input on a runtime whose clock moves only by [`wait`].
pub fn run(input: impl AsyncFnOnce()) {
    thread_local! {
        static RUNTIME: Runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(tokio::task::unconstrained(input())));
}

/// Moves the clock.
pub async fn wait(time: Duration) {
    tokio::time::advance(time).await;
}

/// A stream that is read by hand, with the bytes that were read.
pub struct Stream<F> {
    stream: polled::Stream<F>,
    pub bytes: Vec<u8>,
    pub uri: String,
    pub ended: bool,
    /// When the last frame was read, if the stream was not polled since.
    pub unread_since: Option<Instant>,
}

impl<F: Future<Output: HandlerOutput>> Stream<F> {
    /// Opens a stream, or returns the status of the refusal.
    pub fn open<H: Handler<Future = F>>(
        server: &Server<H>,
        request: Request<()>,
    ) -> Result<Self, u16> {
        let response = server.ask(request);
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        let stream = polled::Stream::new(response);
        let uri = stream.uri.clone();
        Ok(Self {
            bytes: format!("event: endpoint\ndata: {uri}\n\n").into(),
            uri,
            stream,
            ended: false,
            unread_since: Some(Instant::now()),
        })
    }

    /// Reads up to `frames` frames that are ready.
    pub fn read(&mut self, frames: usize) {
        for _ in 0..frames {
            match self.stream.poll_frame() {
                Poll::Ready(Some(bytes)) => {
                    self.bytes.extend_from_slice(&bytes);
                    self.unread_since = Some(Instant::now());
                }
                Poll::Ready(None) => {
                    self.ended = true;
                    assert!(self.stream.body.is_end_stream());
                    return;
                }
                Poll::Pending => {
                    self.unread_since = None;
                    return;
                }
            }
        }
    }

    /// The data of all messages so far, read by an independent parser.
    pub fn messages(&self, piece: usize) -> Vec<String> {
        let mut events = events(&self.bytes, piece).into_iter();
        let endpoint = events.next().expect("the endpoint event");
        assert_eq!((&*endpoint.event, &endpoint.data), ("endpoint", &self.uri));
        events
            .map(|event| {
                assert_eq!((&*event.event, &*event.id), ("message", ""));
                assert_eq!(event.retry, None);
                event.data
            })
            .collect()
    }
}

/// The events of a text that arrives in pieces of this length.
fn events(text: &[u8], piece: usize) -> Vec<Event> {
    let pieces = text.chunks(piece.max(1)).map(Ok::<_, Infallible>);
    EventStream::new(stream::iter(pieces))
        .map(|event| event.expect("the stream can be read"))
        .collect::<Vec<_>>()
        .now_or_never()
        .expect("all of it is there")
}

/// A text as a reader of events returns it: each line break is a space, each separator an escape.
pub fn received(text: &str) -> String {
    text.replace("\r\n", " ")
        .replace(['\r', '\n'], " ")
        .replace('\u{85}', r"\u0085")
        .replace('\u{2028}', r"\u2028")
        .replace('\u{2029}', r"\u2029")
}

/// Status and text of an answer.
pub fn answer<B: Body<Data = Bytes, Error = Infallible> + Unpin>(
    response: Response<B>,
) -> (u16, HeaderMap, String) {
    let (parts, mut body) = response.into_parts();
    let mut text = Vec::new();
    while let Some(Ok(frame)) = polled::now(body.frame()) {
        text.extend_from_slice(&frame.into_data().expect("no trailers"));
    }
    assert!(body.is_end_stream());
    let text = String::from_utf8(text).expect("answers are ASCII");
    (parts.status.as_u16(), parts.headers, text)
}

/// One of several principals.
pub fn principal(who: u8) -> Principal {
    Principal::new(format!("client {who}"))
}

/// A body that arrives step by step.
pub struct Frames {
    steps: VecDeque<Step>,
    hint: SizeHint,
}

pub enum Step {
    Data(Bytes),
    Pending,
    Trailers,
    Error,
}

#[derive(Debug)]
pub struct Broken;

impl Frames {
    pub fn new(steps: impl IntoIterator<Item = Step>, hint: SizeHint) -> Self {
        let steps = steps.into_iter().collect();
        Self { steps, hint }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        let Some(step) = self.steps.pop_front() else {
            return Poll::Ready(None);
        };
        Poll::Ready(Some(match step {
            Step::Data(data) => Ok(Frame::data(data)),
            Step::Trailers => Ok(Frame::trailers(HeaderMap::new())),
            Step::Error => Err(Broken),
            Step::Pending => return Poll::Pending,
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.hint.exact().is_some()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}
