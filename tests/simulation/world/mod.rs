//! A transport, its clients, and the `POST`s that are not answered yet.

mod check;
mod steps;

use std::time::Duration;

use http::Response;
use mcp_sse_server::{
    Handler, SseServerTransport,
    post::{PostBody, ResponseFuture},
    response::RejectionKind,
    session::DrainFuture,
};
use mcp_sse_testkit::{bodies::Fed, polled::Server};
use tokio::{task::yield_now, time::Instant};
use tokio_test::task::Spawn;

use crate::{
    client::Client,
    handler::{Logs, Phase},
    note,
};

const LIMIT: usize = 3_000;
const PATIENCE: Duration = Duration::from_secs(3);
/// How many timeouts a `POST` may wait after its body has arrived: a new one, and one that began before.
const LONGEST: u32 = 2;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    pub(crate) spawned: bool,
    queue: (usize, usize),
    in_flight: usize,
    most: Option<usize>,
    most_each: Option<usize>,
    stall: Option<Duration>,
    idle: Option<Duration>,
    keep_alive: Option<Duration>,
    steps: usize,
}

impl Config {
    pub(crate) fn random(random: &mut fastrand::Rng) -> Self {
        let bytes = [0, 700, 3_000, 1 << 20];
        let queue = (random.usize(1..5), bytes[random.usize(..4)]);
        let mut maybe = |value| random.bool().then_some(value);
        Self {
            queue,
            stall: maybe(Duration::from_secs(60)),
            idle: maybe(Duration::from_secs(100)),
            keep_alive: maybe(Duration::from_secs(15)),
            spawned: random.bool(),
            in_flight: random.usize(0..3 * LIMIT),
            most: random.bool().then(|| random.usize(1..5)),
            most_each: random.bool().then(|| random.usize(1..3)),
            steps: random.usize(20..120),
        }
    }
}

struct Post {
    answer: Spawn<ResponseFuture<Fed>>,
    fed: Fed,
    rest: Vec<String>,
    client: usize,
    seq: u64,
    good: bool,
    /// The expected status, unless its session is closed or busy.
    expected: u16,
    begun: Instant,
    /// When its last piece arrived.
    since: Instant,
    /// How many timeouts have passed since.
    timeouts: u32,
    fresh: bool,
}

pub(crate) struct World<H: Handler> {
    config: Config,
    random: fastrand::Rng,
    logs: Logs,
    server: Server<H>,
    clients: Vec<Client<H::Future>>,
    posts: Vec<Post>,
    shutdown: Option<(Spawn<DrainFuture>, Instant, Duration)>,
    shut: bool,
    /// The sessions that were closed at the deadline.
    cut: usize,
    broadcasts: usize,
    /// The extensions of each request hold a clone, so that requests that are still held are counted.
    token: std::sync::Arc<()>,
}

impl<H: Handler> World<H> {
    pub(crate) fn new(config: Config, random: fastrand::Rng, logs: Logs, handler: H) -> Self {
        note(format!("{config:?}"));
        let mut transport = SseServerTransport::new("/messages/", handler)
            .unwrap()
            .queue_messages(config.queue.0)
            .queue_bytes(config.queue.1)
            .body_limit(LIMIT)
            .in_flight_bytes(config.in_flight)
            .stall_timeout(config.stall)
            .idle_timeout(config.idle)
            .keep_alive(config.keep_alive)
            .delivery_timeout(PATIENCE);
        if let Some(most) = config.most {
            transport = transport.max_sessions(most);
        }
        if let Some(most) = config.most_each {
            transport = transport.max_sessions_per_principal(most);
        }
        Self {
            server: Server::of(&transport),
            config,
            random,
            logs,
            clients: Vec::new(),
            posts: Vec::new(),
            shutdown: None,
            shut: false,
            cut: 0,
            broadcasts: 0,
            token: std::sync::Arc::default(),
        }
    }

    pub(crate) async fn run(mut self) -> usize {
        for _ in 0..self.config.steps {
            self.step().await;
            self.settle().await;
            self.check();
            if self.random.u8(..8) == 0 {
                self.nothing_was_forgotten();
            }
        }
        let steps = self.config.steps;
        self.finish().await;
        steps
    }

    fn poll_shutdown(&mut self) -> bool {
        let Some((shutdown, since, deadline)) = &mut self.shutdown else {
            return false;
        };
        let open = self.server.sessions.len();
        let polled = shutdown.poll();
        // It closes sessions at the deadline, and then waits for their streams.
        if self.server.sessions.len() < open {
            assert!(since.elapsed() >= *deadline, "cut before the deadline");
            assert!(self.server.sessions.is_empty());
            self.cut = open;
            for client in &mut self.clients {
                client.ended.cut |= client.listed;
            }
        }
        let std::task::Poll::Ready(cut) = polled else {
            return false;
        };
        assert_eq!(cut, self.cut);
        note(format!("shut down, {cut} cut"));
        if cut == 0 && since.elapsed() < *deadline {
            let streams = |client: &Client<_>| client.body.is_some() && !client.over;
            assert!(!self.clients.iter().any(streams), "a stream is left");
        }
        (self.shutdown, self.cut) = (None, 0);
        true
    }

    fn poll(&mut self, at: usize) -> bool {
        let logs = &self.logs;
        let client = &mut self.clients[at];
        // The stall timeout may have passed before this poll.
        note_time(client, &self.config, logs);
        let id = client.id;
        let polled = client.poll(logs);
        if polled && client.over {
            note(format!("{at} is over"));
            logs.with(&id, |log| client.check_end(log));
        }
        polled
    }

    fn poll_post(&mut self, at: usize) -> bool {
        let post = &mut self.posts[at];
        post.fresh = false;
        let std::task::Poll::Ready(Ok(response)) = post.answer.poll() else {
            return false;
        };
        let post = self.posts.swap_remove(at);
        self.answered(&post, &response);
        true
    }

    fn answered(&mut self, post: &Post, response: &Response<PostBody>) {
        let status = response.status().as_u16();
        let kind = response.extensions().get::<RejectionKind>();
        note(format!(
            "post {} of {}: {status} {kind:?}",
            post.seq, post.client
        ));
        let client = &mut self.clients[post.client];
        let listed = self.server.sessions.get(&client.id).is_some();
        let phase = self.logs.with(&client.id, |log| log.phase);
        let deaf = phase == Phase::Deaf || phase.is_gone();
        match status {
            202 => {
                assert!(post.good, "a wrong message was accepted");
                assert!(client.listed, "a message was accepted for a closed session");
                client.accepted.push(post.seq);
                self.logs
                    .with(&client.id, |log| log.active = Instant::now());
            }
            404 => assert!(
                post.expected == 404 || !listed || !client.listed || deaf || self.shut,
                "not found"
            ),
            503 => {
                let waited = post.begun.elapsed() >= PATIENCE;
                assert!(waited, "busy without a wait");
                assert_eq!(response.headers()["retry-after"], "1");
            }
            400 if kind == Some(&RejectionKind::BodyUnreadable) => {
                let waited = |most| post.since.elapsed() >= most;
                let stalled = self.config.stall.is_some_and(waited);
                assert!(
                    post.expected == 400 || stalled,
                    "refused as stalled too early"
                );
            }
            _ => assert_eq!(status, post.expected, "{kind:?}"),
        }
    }

    /// Polls streams and posts that were woken, and no others, until none is woken.
    async fn settle(&mut self) {
        for _ in 0..2_000 {
            let mut busy = false;
            for at in 0..self.clients.len() {
                if self.clients[at].reads && self.clients[at].is_due() {
                    busy |= self.poll(at) || self.config.spawned;
                }
            }
            for at in (0..self.posts.len()).rev() {
                if self.posts[at].fresh || self.posts[at].answer.is_woken() {
                    busy |= self.poll_post(at);
                }
            }
            if self
                .shutdown
                .as_ref()
                .is_some_and(|(shutdown, ..)| shutdown.is_woken())
            {
                busy |= self.poll_shutdown();
            }
            // Lets spawned handlers and timers run.
            for _ in 0..3 {
                yield_now().await;
            }
            let woken = self
                .clients
                .iter()
                .any(|client| client.reads && client.is_due())
                || self.posts.iter().any(|post| post.answer.is_woken())
                || self
                    .shutdown
                    .as_ref()
                    .is_some_and(|(shutdown, ..)| shutdown.is_woken());
            if !busy && !woken {
                return;
            }
        }
        panic!("streams and posts are woken again and again");
    }

    /// Checks that a stream or post that was not woken has nothing to do.
    fn nothing_was_forgotten(&mut self) {
        for at in 0..self.clients.len() {
            if self.clients[at].reads {
                assert!(!self.poll(at), "stream {at} was not woken");
            }
        }
        for at in (0..self.posts.len()).rev() {
            assert!(!self.poll_post(at), "a post was not woken");
        }
        assert!(!self.poll_shutdown(), "the shutdown was not woken");
    }
}

/// Records which timeouts of a client have passed.
fn note_time<F: Future<Output: mcp_sse_server::handler::HandlerOutput>>(
    client: &mut Client<F>,
    config: &Config,
    logs: &Logs,
) {
    client.ended.stalled |= client.stalled(config.stall).1;
    let idle = logs.with(&client.id, |log| log.active.elapsed());
    client.ended.idle |= config.idle.is_some_and(|most| idle >= most);
}
