use std::{
    convert::Infallible,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Context, Poll, Wake, Waker},
};

use bytes::Bytes;
use http::Response;
use http_body::Body;
use http_body_util::BodyExt;
use mcp_sse_server::{handler::HandlerOutput, session::SessionId, sse::SseBody};

use crate::events::Events;

/// An open stream that is polled by hand.
pub struct Stream<F> {
    /// The body of the response.
    pub body: SseBody<F>,
    /// Where to post.
    pub uri: String,
    waker: Waker,
    flag: Arc<Flag>,
}

#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

impl<F: Future<Output: HandlerOutput>> Stream<F> {
    /// Reads the first event, which must be there.
    pub fn new(response: Response<SseBody<F>>) -> Self {
        let flag = Arc::new(Flag::default());
        let waker = Waker::from(Arc::clone(&flag));
        let mut body = response.into_body();
        match poll_frame(&mut body, &waker) {
            Poll::Ready(Some(endpoint)) => Self::with(body, &endpoint, waker, flag),
            other => panic!("the endpoint event is not there: {other:?}"),
        }
    }

    /// A stream that does not note that it was woken.
    pub(super) fn unwatched(body: SseBody<F>, endpoint: &[u8]) -> Self {
        Self::with(body, endpoint, Waker::noop().clone(), Arc::default())
    }

    fn with(body: SseBody<F>, endpoint: &[u8], waker: Waker, flag: Arc<Flag>) -> Self {
        let text = std::str::from_utf8(endpoint).unwrap();
        let uri = text
            .strip_prefix("event: endpoint\ndata: ")
            .and_then(|rest| rest.strip_suffix("\n\n"))
            .expect("the endpoint event comes first");
        let uri = uri.to_owned();
        Self {
            body,
            uri,
            waker,
            flag,
        }
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        let (_, query) = self.uri.split_once("session_id=").expect("a session id");
        let id = query.split('&').next().unwrap_or_default();
        id.parse().expect("a valid session id")
    }

    /// Whether the stream was woken since the last poll.
    pub fn is_woken(&self) -> bool {
        self.flag.0.load(SeqCst)
    }

    /// Polls once. `Ready(None)` is the end.
    pub fn poll_frame(&mut self) -> Poll<Option<Bytes>> {
        self.flag.0.store(false, SeqCst);
        poll_frame(&mut self.body, &self.waker)
    }

    /// Polls once: the next frame, if it is ready, as text. `Some(None)` is the end.
    pub fn poll(&mut self) -> Option<Option<String>> {
        match self.poll_frame() {
            Poll::Pending => None,
            Poll::Ready(frame) => Some(frame.as_deref().map(text)),
        }
    }

    /// The next frame, which must be ready.
    pub fn poll_bytes(&mut self) -> Bytes {
        match self.poll_frame() {
            Poll::Ready(Some(frame)) => frame,
            other => panic!("no frame is ready: {other:?}"),
        }
    }

    /// Takes all frames that are ready, at least one: how many bytes they are.
    pub fn frames(&mut self) -> usize {
        let mut bytes = self.poll_bytes().len();
        loop {
            match poll_frame(&mut self.body, &self.waker) {
                Poll::Ready(Some(frame)) => bytes += frame.len(),
                Poll::Ready(None) => panic!("the stream has ended"),
                Poll::Pending => return bytes,
            }
        }
    }

    /// Waits for the next frame. `None` is the end.
    pub async fn next(&mut self) -> Option<String> {
        let Ok(frame) = self.body.frame().await?;
        Some(text(&frame.into_data().expect("a frame of data")))
    }

    /// Where to post, and the events after the first.
    pub fn into_events(self) -> (String, Events<SseBody<F>>) {
        (self.uri, Events::after_endpoint(self.body))
    }
}

fn text(frame: &[u8]) -> String {
    String::from_utf8(frame.to_vec()).expect("a stream is UTF-8")
}

pub(super) fn poll_frame<F: Future<Output: HandlerOutput>>(
    body: &mut SseBody<F>,
    waker: &Waker,
) -> Poll<Option<Bytes>> {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(waker));
    frame.map(|frame| {
        frame.map(|frame: Result<_, Infallible>| {
            let Ok(frame) = frame;
            frame.into_data().expect("a frame of data")
        })
    })
}
