//! Valid, invalid and cancelled requests to sessions that open and close. An accepted message comes out of
//! its own session, in order. Any other message comes out of no session. Open sessions still work after any
//! requests.
#![no_main]

use std::{pin::Pin, task::Poll, time::Duration};

use arbitrary::Arbitrary;
use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HOST, ORIGIN},
};
use http_body::SizeHint;
use libfuzzer_sys::fuzz_target;
use mcp_sse_server::{
    Handler, Message, SseServerTransport, handler::HandlerOutput, message::ErrorCode,
    post::ResponseFuture,
};
use mcp_sse_server_fuzz::{Frames, Step, Stream, answer, principal, received, run, wait};
use mcp_sse_testkit::{
    handlers::send_back,
    polled::{Server, poll},
    requests,
};
use tokio::time::Instant;
use tower::Service;

const BODY_LIMIT: usize = 300;
const SESSIONS: usize = 3;
const SESSIONS_OF_ONE: usize = 2;
const CAPACITY: usize = 2;
const STALL_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    acts: Vec<Act<'a>>,
    piece: u8,
}

#[derive(Arbitrary, Debug)]
enum Act<'a> {
    Open {
        owner: Option<u8>,
    },
    Post(Post<'a>),
    /// A valid request.
    Ping(u8),
    /// Polls a waiting request.
    Poll(u8),
    /// Drops a waiting request.
    GiveUp(u8),
    Read {
        session: u8,
        frames: u8,
    },
    HangUp(u8),
    Close(u8),
    Wait(u16),
}

#[derive(Arbitrary, Debug)]
struct Post<'a> {
    method: Option<&'a [u8]>,
    target: Target<'a>,
    /// Whether a valid host and content type are added.
    plain: bool,
    headers: Vec<Header<'a>>,
    owner: Owner,
    text: Text<'a>,
    pieces: Vec<Piece>,
    known_length: bool,
}

impl Post<'_> {
    fn ping(session: u8) -> Self {
        Self {
            method: None,
            target: Target::Session(session),
            plain: true,
            headers: Vec::new(),
            owner: Owner::OfSession,
            text: Text::Message {
                id: Some(1),
                method: "ping",
            },
            pieces: Vec::new(),
            known_length: true,
        }
    }
}

#[derive(Arbitrary, Debug)]
enum Target<'a> {
    /// The URI of a session.
    Session(u8),
    /// The same, with bytes before and after the session's id.
    Twisted {
        session: u8,
        before: &'a [u8],
        behind: &'a [u8],
    },
    Any(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Header<'a> {
    Host(&'a [u8]),
    Origin(&'a [u8]),
    ContentType(&'a [u8]),
    ContentLength(u32),
    Expect,
    CrossSite,
    Any(&'a [u8], &'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Owner {
    OfSession,
    Other(Option<u8>),
}

#[derive(Arbitrary, Debug)]
enum Text<'a> {
    Message { id: Option<u16>, method: &'a str },
    Any(&'a [u8]),
}

#[derive(Arbitrary, Debug)]
enum Piece {
    Data(u8),
    Pending,
    Trailers,
    Error,
}

fuzz_target!(|input: Input<'_>| run(async || check(&input).await));

async fn check(input: &Input<'_>) {
    let transport = SseServerTransport::new("/messages/", send_back)
        .unwrap()
        .body_limit(BODY_LIMIT)
        .in_flight_bytes(BODY_LIMIT)
        .stall_timeout(STALL_TIMEOUT)
        .queue_messages(CAPACITY)
        .max_sessions(SESSIONS)
        .max_sessions_per_principal(SESSIONS_OF_ONE);
    let mut world = World {
        server: Server::of(&transport),
        sessions: Vec::new(),
        waiting: Vec::new(),
    };
    world.open(None);
    for act in &input.acts {
        world.act(act).await;
        world.look();
    }
    world.finish(input.piece.into()).await;
}

struct World<H: Handler> {
    server: Server<H>,
    sessions: Vec<Live<H::Future>>,
    waiting: Vec<Waiting>,
}

struct Live<F> {
    stream: Option<Stream<F>>,
    uri: String,
    owner: Option<u8>,
    /// The messages that were answered with 202.
    accepted: Vec<String>,
    open: bool,
}

/// A request that is not answered yet.
struct Waiting {
    future: Pin<Box<ResponseFuture<Frames>>>,
    sent: Sent,
}

struct Sent {
    /// The session and the owner that it names.
    session: Option<usize>,
    owner: Option<u8>,
    is_post: bool,
    /// Whether it is valid, if its session is open.
    right: bool,
    /// The body, if all of it arrives.
    body: Option<Vec<u8>>,
    at: Instant,
}

impl<H: Handler> World<H> {
    fn open(&mut self, owner: Option<u8>) {
        let mut request = requests::get();
        if let Some(owner) = owner {
            request.extensions_mut().insert(principal(owner));
        }
        // A closed session counts until its stream has ended or is dropped.
        let is_there =
            |stream: &Option<Stream<_>>| stream.as_ref().is_some_and(|stream| !stream.ended);
        let streams = || self.sessions.iter().filter(|live| is_there(&live.stream));
        let of_owner = streams().filter(|live| live.owner == owner).count();
        let full =
            streams().count() == SESSIONS || (owner.is_some() && of_owner == SESSIONS_OF_ONE);
        match Stream::open(&self.server, request) {
            Err(status) => assert_eq!((status, full), (503, true)),
            Ok(stream) => {
                assert!(!full);
                self.sessions.push(Live {
                    uri: stream.uri.clone(),
                    stream: Some(stream),
                    owner,
                    accepted: Vec::new(),
                    open: true,
                });
            }
        }
    }

    async fn act(&mut self, act: &Act<'_>) {
        let session = |which: u8| which as usize % self.sessions.len();
        match act {
            Act::Open { owner } => self.open(owner.map(|owner| owner % 3)),
            Act::Post(post) => self.post(post),
            Act::Ping(which) => self.post(&Post::ping(*which)),
            Act::Poll(which) => self.poll(*which as usize),
            Act::GiveUp(which) => {
                if !self.waiting.is_empty() {
                    let which = *which as usize % self.waiting.len();
                    self.waiting.swap_remove(which);
                }
            }
            Act::Read {
                session: which,
                frames,
            } => {
                let session = session(*which);
                if let Some(stream) = &mut self.sessions[session].stream {
                    stream.read(*frames as usize);
                }
            }
            Act::HangUp(which) => {
                let session = session(*which);
                let live = &mut self.sessions[session];
                live.open = false;
                if let Some(stream) = live.stream.take() {
                    check_stream(&stream, &live.accepted, false, 1000);
                }
            }
            Act::Close(which) => {
                let session = session(*which);
                let live = &mut self.sessions[session];
                assert_eq!(
                    self.server.sessions.close(&id(&live.uri).parse().unwrap()),
                    live.open
                );
                live.open = false;
            }
            Act::Wait(millis) => {
                wait(Duration::from_millis(u64::from(*millis))).await;
                self.end_stalled();
            }
        }
    }

    /// A client that does not read for the stall timeout may lose its session. No other client may.
    fn end_stalled(&mut self) {
        for live in &mut self.sessions {
            let unread_since = live.stream.as_ref().and_then(|stream| stream.unread_since);
            if unread_since.is_some_and(|since| since.elapsed() >= STALL_TIMEOUT) {
                let open = self
                    .server
                    .sessions
                    .get(&id(&live.uri).parse().unwrap())
                    .is_some();
                assert!(live.open || !open);
                live.open = open;
            }
        }
    }

    fn post(&mut self, input: &Post<'_>) {
        let Some((request, sent)) = self.request(input) else {
            return;
        };
        let future = Box::pin(self.server.post.call(request));
        self.waiting.push(Waiting { future, sent });
        self.poll(self.waiting.len() - 1);
    }

    /// Builds a request. `None` if an HTTP server would not pass it on.
    fn request(&self, input: &Post<'_>) -> Option<(Request<Frames>, Sent)> {
        let named = |which: u8| which as usize % self.sessions.len();
        let (session, target) = match &input.target {
            Target::Session(which) => {
                let session = named(*which);
                (Some(session), self.sessions[session].uri.clone().into())
            }
            Target::Twisted {
                session,
                before,
                behind,
            } => {
                let session = named(*session);
                let id = format!("session_id={}", id(&self.sessions[session].uri));
                let target = [b"/m?", *before, id.as_bytes(), *behind].concat();
                (Some(session), target)
            }
            Target::Any(target) => (None, target.to_vec()),
        };
        let method = match input.method {
            None => Method::POST,
            Some(method) => Method::from_bytes(method).ok()?,
        };
        let owner = match (&input.owner, session) {
            (Owner::OfSession, Some(session)) => self.sessions[session].owner,
            (Owner::OfSession, None) => None,
            (Owner::Other(owner), _) => owner.map(|owner| owner % 3),
        };
        let text = match &input.text {
            Text::Any(text) => text.to_vec(),
            Text::Message { id, method } => {
                let method = serde_json::to_string(method).unwrap();
                let id = id.map_or(String::new(), |id| format!(r#""id":{id},"#));
                format!(r#"{{"jsonrpc":"2.0",{id}"method":{method}}}"#).into_bytes()
            }
        };

        let (steps, whole) = steps(&text, &input.pieces);
        let hint = match input.known_length {
            true => SizeHint::with_exact(text.len() as u64),
            false => SizeHint::new(),
        };
        let mut request = Request::new(Frames::new(steps, hint));
        let is_post = method == Method::POST;
        *request.method_mut() = method;
        *request.uri_mut() = Uri::try_from(target).ok()?;
        if let Some(owner) = owner {
            request.extensions_mut().insert(principal(owner));
        }
        let headers = request.headers_mut();
        if input.plain {
            headers.insert(HOST, HeaderValue::from_static("localhost"));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for header in &input.headers {
            let (name, value) = match header {
                Header::Host(value) => (HOST, HeaderValue::from_bytes(value).ok()?),
                Header::Origin(value) => (ORIGIN, HeaderValue::from_bytes(value).ok()?),
                Header::ContentType(value) => (CONTENT_TYPE, HeaderValue::from_bytes(value).ok()?),
                Header::ContentLength(length) => (CONTENT_LENGTH, HeaderValue::from(*length)),
                Header::Expect => (EXPECT, HeaderValue::from_static("100-continue")),
                Header::CrossSite => (
                    HeaderName::from_static("sec-fetch-site"),
                    HeaderValue::from_static("cross-site"),
                ),
                Header::Any(name, value) => (
                    HeaderName::from_bytes(name).ok()?,
                    HeaderValue::from_bytes(value).ok()?,
                ),
            };
            headers.append(name, value);
        }

        let right = is_post
            && matches!(input.target, Target::Session(_))
            && input.plain
            && input.headers.is_empty()
            && session.is_some_and(|session| self.sessions[session].owner == owner)
            && whole
            && text.len() <= BODY_LIMIT
            && Message::parse(text.clone()).is_ok();
        let sent = Sent {
            session,
            owner,
            is_post,
            right,
            body: whole.then_some(text),
            at: Instant::now(),
        };
        Some((request, sent))
    }

    /// Polls a request once, and checks its answer if there is one.
    fn poll(&mut self, which: usize) {
        if self.waiting.is_empty() {
            return;
        }
        let which = which % self.waiting.len();
        let Poll::Ready(Ok(response)) = poll(self.waiting[which].future.as_mut()) else {
            return;
        };
        let Waiting { sent, future } = self.waiting.swap_remove(which);
        drop(future);
        let (status, headers, text) = answer(response);
        let texts: &[&str] = match status {
            202 => &["Accepted"],
            400 => &[
                "Invalid Content-Type header",
                "session_id is required",
                "Invalid session ID",
                "Could not read request body",
                "Could not parse message",
            ],
            403 => &["Invalid Origin header"],
            404 => &["Could not find session"],
            405 => &["Method Not Allowed"],
            413 => &["Request body too large"],
            421 => &["Invalid Host header"],
            503 => &["Server is busy", "Session is busy"],
            _ => &[],
        };
        // Some texts say more after a colon.
        let words = text.split_once(": ").map_or(&*text, |(words, _)| words);
        assert!(texts.contains(&words), "{status} {text}");
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        assert_eq!(headers.get("allow").is_some(), status == 405);
        assert_eq!(headers.get("retry-after").is_some(), status == 503);
        assert_eq!(status == 405, !sent.is_post);
        if sent.right {
            let session = &self.sessions[sent.session.unwrap()];
            let as_expected = match status {
                202 | 503 => session.open,
                404 => !session.open,
                // The fuzz target did not poll the request for that long.
                400 => words == "Could not read request body" && sent.at.elapsed() >= STALL_TIMEOUT,
                _ => false,
            };
            assert!(as_expected, "{status} {text}, open: {}", session.open);
        }
        if status == 202 {
            let session = &mut self.sessions[sent.session.expect("the request names a session")];
            let body = sent.body.expect("all of the body arrived");
            assert!(session.open && session.owner == sent.owner && body.len() <= BODY_LIMIT);
            let message = Message::parse(body).expect("the message is valid");
            session.accepted.push(received(message.as_str()));
        }
    }

    /// Checks what must hold at any time.
    fn look(&self) {
        let open = self.sessions.iter().filter(|session| session.open).count();
        assert_eq!(self.server.sessions.len(), open);
        for session in self.sessions.iter().filter(|session| session.open) {
            let stream = session
                .stream
                .as_ref()
                .expect("an open session has a stream");
            let lines = stream.bytes.split(|byte| *byte == b'\n');
            let read = lines.filter(|line| line == b"event: message").count();
            // Both queues are full, and the handler holds one message.
            let held = session.accepted.len() - read;
            assert!(held <= 2 * CAPACITY + 1, "{held} messages are held");
        }
    }

    async fn finish(&mut self, piece: usize) {
        // Each request gets an answer, if it is polled, the streams are read and time passes.
        for round in 0.. {
            for session in &mut self.sessions {
                if let Some(stream) = &mut session.stream {
                    stream.read(usize::MAX);
                }
            }
            if self.waiting.is_empty() {
                break;
            }
            assert!(round < 5000, "a request waits without end");
            for which in (0..self.waiting.len()).rev() {
                self.poll(which);
            }
            wait(Duration::from_millis(10)).await;
        }
        self.look();

        for which in 0..self.sessions.len() {
            let last = r#"{"jsonrpc":"2.0","id":"last","method":"ping"}"#;
            let Live {
                uri, owner, open, ..
            } = &self.sessions[which];
            let mut request = requests::post_text(uri, last);
            if let Some(owner) = owner {
                request.extensions_mut().insert(principal(*owner));
            }
            // The inbox is empty.
            let response = self.server.call_now(request);
            assert_eq!(answer(response).0, if *open { 202 } else { 404 });
            let live = &mut self.sessions[which];
            if live.open {
                live.accepted.push(last.to_owned());
            }
            if let Some(stream) = &mut live.stream {
                stream.read(usize::MAX);
                // It stays open for 100 ms after its last bytes.
                wait(Duration::from_millis(101)).await;
                stream.read(usize::MAX);
                assert_eq!(stream.ended, !live.open);
                check_stream(stream, &live.accepted, live.open, piece);
            }
        }
    }
}

/// A closed session need not have answered all accepted messages. At its end are errors for the requests that
/// have no answer, which are all, because the handler sends requests back.
fn check_stream<F: Future<Output: HandlerOutput>>(
    stream: &Stream<F>,
    accepted: &[String],
    all: bool,
    piece: usize,
) {
    let mut found = stream.messages(piece);
    if !all {
        let end = found.iter().position(|text| is_unanswered(text));
        found.truncate(end.unwrap_or(found.len()));
    }
    match all {
        true => assert_eq!(found, accepted),
        false => assert!(
            accepted.starts_with(&found),
            "{found:?}, accepted {accepted:?}"
        ),
    }
}

/// Whether this is the error for a request that had no answer at the end of its session.
fn is_unanswered(text: &str) -> bool {
    let message = Message::parse(text.to_owned()).expect("a stream carries messages");
    let error = message.as_error();
    error.is_some_and(|error| {
        error.code() == ErrorCode::INTERNAL_ERROR && error.text().contains("the s")
    })
}

/// The 32 digits of an announced URI.
fn id(uri: &str) -> &str {
    &uri[uri.len() - 32..]
}

/// The steps in which a text arrives, and whether all of it arrives. The rest after the pieces comes last.
fn steps(text: &[u8], pieces: &[Piece]) -> (Vec<Step>, bool) {
    let mut rest = Bytes::copy_from_slice(text);
    let mut steps = Vec::new();
    let mut whole = true;
    for piece in pieces {
        steps.push(match piece {
            Piece::Data(len) => Step::Data(rest.split_to(rest.len().min(*len as usize))),
            Piece::Pending => Step::Pending,
            Piece::Trailers => Step::Trailers,
            Piece::Error => {
                whole = false;
                Step::Error
            }
        });
    }
    if !rest.is_empty() {
        steps.push(Step::Data(rest));
    }
    (steps, whole)
}
