//! What the targets share: services in memory, polled by hand on a clock that stands still.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use eventsource_stream::{Event, EventStream};
use futures_util::{FutureExt, StreamExt, stream};
use http::{HeaderMap, Request, Response};
use http_body::{Body, Frame, SizeHint};
use mcp_sse_server::{Handler, SseServerTransport, SseService, session::Principal, sse::SseBody};
use tokio::{
    runtime::{Builder, Runtime},
    time::Instant,
};
use tower::Service;

/// Runs one input with tokio's timer at hand. The clock moves only when it is told to.
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

pub async fn wait(time: Duration) {
    tokio::time::advance(time).await;
}

/// Polls once; nobody need be woken, since the targets poll whenever they please.
pub fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls what is ready at once.
pub fn now<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it should be ready"),
    }
}

/// A transport whose ids are the same in each run, and still not to be guessed.
pub fn transport<H: Handler>(handler: H) -> SseServerTransport<H> {
    let next = std::sync::atomic::AtomicU64::new(1);
    SseServerTransport::new("/messages/", handler)
        .unwrap()
        .session_ids(move || {
            let count = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let half = count.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
            let other = (half ^ (half >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mut id = [0; 16];
            id[..8].copy_from_slice(&half.to_be_bytes());
            id[8..].copy_from_slice(&other.to_be_bytes());
            id
        })
}

/// A stream that a test reads by hand, and all that it gave so far.
pub struct Stream<F> {
    body: SseBody<F>,
    pub bytes: Vec<u8>,
    pub uri: String,
    pub ended: bool,
    /// Since when it left what it was given unread, as far as the server can see.
    pub unread_since: Option<Instant>,
}

impl<F: Future<Output = ()>> Stream<F> {
    /// Opens a stream. Refused, the response's status comes back.
    pub fn open<H: Handler<Future = F>>(
        service: &SseService<H>,
        request: Request<()>,
    ) -> Result<Self, u16> {
        let Ok(response) = now(service.clone().call(request));
        if response.status() != 200 {
            return Err(response.status().as_u16());
        }
        let mut body = response.into_body();
        let Poll::Ready(Some(first)) = frame(&mut body) else {
            panic!("the endpoint event is not there")
        };
        let text = String::from_utf8(first.to_vec()).expect("the endpoint event is ASCII");
        let uri = text
            .strip_prefix("event: endpoint\ndata: ")
            .and_then(|rest| rest.strip_suffix("\n\n"))
            .expect("the endpoint event comes first");
        Ok(Self {
            uri: uri.to_owned(),
            bytes: first.into(),
            body,
            ended: false,
            unread_since: Some(Instant::now()),
        })
    }

    /// Reads up to `frames` frames, as far as they are there.
    pub fn read(&mut self, frames: usize) {
        for _ in 0..frames {
            match frame(&mut self.body) {
                Poll::Ready(Some(bytes)) => {
                    self.bytes.extend_from_slice(&bytes);
                    self.unread_since = Some(Instant::now());
                }
                Poll::Ready(None) => {
                    self.ended = true;
                    assert!(self.body.is_end_stream());
                    return;
                }
                Poll::Pending => {
                    self.unread_since = None;
                    return;
                }
            }
        }
    }

    /// The data of all messages so far, read by a parser that is not ours.
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

fn frame<F: Future<Output = ()>>(body: &mut SseBody<F>) -> Poll<Option<Bytes>> {
    let poll = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    poll.map(|frame| frame.map(|Ok(frame)| frame.into_data().expect("no trailers")))
}

/// The events of a stream that arrives in pieces of the given length.
fn events(text: &[u8], piece: usize) -> Vec<Event> {
    let pieces = text.chunks(piece.max(1)).map(Ok::<_, Infallible>);
    EventStream::new(stream::iter(pieces))
        .map(|event| event.expect("the stream can be read"))
        .collect::<Vec<_>>()
        .now_or_never()
        .expect("all of it is there")
}

/// A text as a reader of events gets it: each line break is LF.
pub fn received(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

/// A `GET` from this machine.
pub fn get(target: &str) -> Request<()> {
    let request = Request::get(target).header("host", "localhost");
    request.body(()).unwrap()
}

/// A `POST` that nothing is wrong with.
pub fn post(target: &str, text: &str) -> Request<Frames> {
    Request::post(target)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Frames::whole(text))
        .unwrap()
}

/// Status and text of an answer.
pub fn answer<B: Body<Data = Bytes, Error = Infallible> + Unpin>(
    response: Response<B>,
) -> (u16, HeaderMap, String) {
    let (parts, mut body) = response.into_parts();
    let mut text = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(Ok(frame))) = Pin::new(&mut body).poll_frame(&mut cx) {
        text.extend_from_slice(&frame.into_data().expect("no trailers"));
    }
    assert!(body.is_end_stream());
    let text = String::from_utf8(text).expect("answers are ASCII");
    (parts.status.as_u16(), parts.headers, text)
}

pub fn principal(who: u8) -> Principal {
    Principal::new(format!("client {who}"))
}

/// A body that arrives as it is told.
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

    fn whole(text: &str) -> Self {
        let step = Step::Data(Bytes::copy_from_slice(text.as_bytes()));
        Self::new([step], SizeHint::with_exact(text.len() as u64))
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
