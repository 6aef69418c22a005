//! What happens, and what must hold after it.

use std::time::Duration;

use http::{Request, Response};
use mcp_sse_server::{
    Handler, Message, PostService, SessionRegistry, SseServerTransport, SseService,
    post::{PostBody, ResponseFuture},
    rejection::RejectionKind,
    session::{Principal, ShutdownFuture},
};
use tokio::{
    task::yield_now,
    time::{Instant, advance},
};
use tokio_test::task::{Spawn, spawn};
use tower::Service;

use crate::{
    client::Client,
    fed::Fed,
    handler::{Logs, Phase},
    note,
};

const LIMIT: usize = 3_000;
const PATIENCE: Duration = Duration::from_secs(3);
/// For how many of its time-outs a `POST` may wait once its body is there: for room for each of three
/// pieces, for the inbox, and the one that it began before.
const LONGEST: u32 = 5;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Config {
    pub(crate) spawned: bool,
    inbox: (usize, usize),
    outbox: (usize, usize),
    in_flight: usize,
    most: Option<usize>,
    most_each: Option<usize>,
    answer_panics: bool,
    stall: Option<Duration>,
    idle: Option<Duration>,
    keep_alive: Option<Duration>,
    steps: usize,
}

impl Config {
    pub(crate) fn random(random: &mut fastrand::Rng) -> Self {
        let mut capacity = || {
            let bytes = [0, 700, 3_000, 1 << 20];
            (random.usize(1..5), bytes[random.usize(..4)])
        };
        let (inbox, outbox) = (capacity(), capacity());
        let mut maybe = |value| random.bool().then_some(value);
        Self {
            inbox,
            outbox,
            stall: maybe(Duration::from_secs(60)),
            idle: maybe(Duration::from_secs(100)),
            keep_alive: maybe(Duration::from_secs(15)),
            spawned: random.bool(),
            in_flight: random.usize(0..3 * LIMIT),
            most: random.bool().then(|| random.usize(1..5)),
            most_each: random.bool().then(|| random.usize(1..3)),
            answer_panics: random.bool(),
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
    /// What it is answered with if nothing else is wrong.
    expected: u16,
    since: Instant,
    /// How often a time-out has passed since.
    timeouts: u32,
    fresh: bool,
}

pub(crate) struct World<H: Handler> {
    config: Config,
    random: fastrand::Rng,
    logs: Logs,
    sse: SseService<H>,
    post: PostService,
    sessions: SessionRegistry,
    clients: Vec<Client<H::Future>>,
    posts: Vec<Post>,
    shutdown: Option<(Spawn<ShutdownFuture>, Instant, Duration)>,
    shut: bool,
    broadcasts: usize,
    /// Held by the extensions of each request: who holds a request's parts, holds it.
    token: std::sync::Arc<()>,
}

impl<H: Handler> World<H> {
    pub(crate) fn new(config: Config, random: fastrand::Rng, logs: Logs, handler: H) -> Self {
        note(format!("{config:?}"));
        let mut transport = SseServerTransport::new("/messages/", handler)
            .unwrap()
            .inbox_capacity(config.inbox.0)
            .inbox_bytes(config.inbox.1)
            .outbox_capacity(config.outbox.0)
            .outbox_bytes(config.outbox.1)
            .body_limit(LIMIT)
            .in_flight_bytes(config.in_flight)
            .answer_panics(config.answer_panics)
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
        let (sse, post) = transport.services();
        Self {
            sessions: transport.sessions(),
            config,
            random,
            logs,
            sse,
            post,
            clients: Vec::new(),
            posts: Vec::new(),
            shutdown: None,
            shut: false,
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

    async fn step(&mut self) {
        match self.random.u8(..100) {
            0..10 => self.open(),
            10..45 => self.begin_post(),
            45..60 => self.feed(),
            60..68 => {
                let Some(at) = self.any() else { return };
                let client = &mut self.clients[at];
                client.reads = !client.reads;
                note(format!("{at} reads: {}", client.reads));
            }
            68..73 => {
                let Some(at) = self.any() else { return };
                note(format!("{at} reads once"));
                self.poll(at);
            }
            73..77 => {
                let Some(at) = self.any() else { return };
                note(format!("{at} is gone"));
                self.leave(at);
            }
            77..80 if !self.posts.is_empty() => {
                let at = self.random.usize(..self.posts.len());
                let post = self.posts.swap_remove(at);
                note(format!("drop the post {} of {}", post.seq, post.client));
            }
            80..82 => {
                let Some(at) = self.any() else { return };
                let client = &mut self.clients[at];
                let closed = self.sessions.close(&client.id);
                note(format!("close {at}: {closed}"));
                assert_eq!(closed, client.listed, "close says whether it was open");
                client.ended.closed |= closed;
            }
            82..85 => self.broadcast(),
            85..90 => self.try_send(),
            90..99 => {
                let millis = [1, 100, 1_000, 3_500, 20_000, 70_000];
                let millis = millis[self.random.usize(..millis.len())];
                note(format!("{millis} ms pass"));
                let time = Duration::from_millis(millis);
                for post in &mut self.posts {
                    post.timeouts += u32::from(time > PATIENCE);
                }
                advance(time).await;
            }
            _ => self.shut_down(),
        }
    }

    fn any(&mut self) -> Option<usize> {
        let count = self.clients.len();
        // Mostly one of the young, who are mostly alive.
        let from = if self.random.u8(..4) == 0 {
            0
        } else {
            count.saturating_sub(4)
        };
        (count > 0).then(|| self.random.usize(from..count))
    }

    fn open(&mut self) {
        let principal = match self.random.u8(..3) {
            0 => None,
            n => Some(Principal::new(format!("client {n}"))),
        };
        let mut get = Request::get("/sse")
            .header("host", "localhost")
            .body(())
            .unwrap();
        get.extensions_mut().insert(self.token.clone());
        if let Some(principal) = &principal {
            get.extensions_mut().insert(principal.clone());
        }
        let of = |client: &&Client<_>| client.listed && client.principal == principal;
        let each = self.clients.iter().filter(of).count();
        let full = self
            .config
            .most
            .is_some_and(|most| self.sessions.len() >= most)
            || principal.is_some() && self.config.most_each.is_some_and(|most| each >= most);
        let mut answer = spawn(self.sse.call(get));
        let std::task::Poll::Ready(Ok(response)) = answer.poll() else {
            panic!("a stream is answered at once")
        };
        note(format!(
            "open {}: {}",
            self.clients.len(),
            response.status()
        ));
        if self.shut || full {
            assert_eq!(response.status(), 503);
            assert_eq!(response.headers()["retry-after"], "1");
            return;
        }
        assert_eq!(response.status(), 200);
        let known: Vec<_> = self.clients.iter().map(|client| client.id).collect();
        let list = self.sessions.list();
        let new = list.iter().filter(|info| !known.contains(&info.id));
        let [new] = new.collect::<Vec<_>>()[..] else {
            panic!("one session for one stream")
        };
        assert_eq!(new.principal, principal);
        let uri = format!("/messages/?session_id={}", new.id.expose_secret());
        let mut client = Client::new(new.id, uri, spawn(response.into_body()));
        client.principal = principal;
        client.sender = self.sessions.get(&new.id);
        self.clients.push(client);
    }

    fn begin_post(&mut self) {
        let Some(at) = self.any() else { return };
        let client = &mut self.clients[at];
        let seq = client.next;
        client.next += 1;
        let method = match self.random.u8(..40) {
            0 => "exit",
            1 => "panic",
            2 => "deaf",
            3 => "drop",
            4..8 => "slow",
            _ => "echo",
        };
        let pad = match self.random.u8(..4) {
            0 => self.random.usize(..LIMIT - 200),
            _ => self.random.usize(..40),
        };
        let (id, pad) = (client.id.expose_secret().to_string(), "x".repeat(pad));
        let text = format!(
            r#"{{"jsonrpc":"2.0","id":"{id}-{seq}","method":"{method}","params":{{"pad":"{pad}"}}}}"#
        );
        let mut uri = client.uri.clone();
        let mut principal = client.principal.clone();
        let (fed, rest, expected) = match self.random.u8(..20) {
            0 => (Fed::whole("{"), vec![], 400),
            1 => (Fed::whole(&"x".repeat(LIMIT + 1)), vec![], 413),
            2 => (Fed::default(), vec![text.clone(), "x".repeat(LIMIT)], 413),
            3 => {
                uri = uri.replace(&id, "00000000000000000000000000000000");
                (Fed::whole(&text), vec![], 404)
            }
            4 => {
                principal = Some(Principal::new("a stranger"));
                (Fed::whole(&text), vec![], 404)
            }
            5..10 => {
                let cut = self.random.usize(1..text.len());
                let again = self.random.usize(cut..text.len());
                let pieces = [&text[..cut], &text[cut..again], &text[again..]];
                let pieces = pieces.map(str::to_owned).into();
                (Fed::default(), pieces, 202)
            }
            _ => (Fed::whole(&text), vec![], 202),
        };
        let mut request = Request::post(uri)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(fed.clone())
            .unwrap();
        request.extensions_mut().insert(self.token.clone());
        if let Some(principal) = principal {
            request.extensions_mut().insert(principal);
        }
        note(format!(
            "post {seq} of {at}: {method}, {} bytes, in {} pieces, expects {expected}",
            text.len(),
            rest.len()
        ));
        self.posts.push(Post {
            answer: spawn(self.post.call(request)),
            fed,
            rest,
            client: at,
            seq,
            good: expected == 202,
            expected,
            since: Instant::now(),
            timeouts: 0,
            fresh: true,
        });
    }

    fn feed(&mut self) {
        let waiting = self.posts.iter_mut().filter(|post| !post.rest.is_empty());
        let waiting: Vec<_> = waiting.collect();
        let Some(post) = self.random.choice(waiting) else {
            return;
        };
        if self.random.u8(..8) == 0 {
            note(format!("cut {} of {}", post.seq, post.client));
            post.fed.cut();
            post.rest.clear();
            post.expected = 400;
            post.good = false;
        } else {
            note(format!("feed {} of {}", post.seq, post.client));
            post.fed.piece(&post.rest.remove(0));
            if post.rest.is_empty() {
                post.fed.finish();
            }
        }
        (post.since, post.timeouts) = (Instant::now(), 0);
    }

    fn leave(&mut self, at: usize) {
        let client = &mut self.clients[at];
        client.body = None;
        client.ended.dropped = true;
    }

    fn broadcast(&mut self) {
        let n = self.broadcasts;
        self.broadcasts += 1;
        let text = format!(r#"{{"jsonrpc":"2.0","method":"broadcast","params":{{"n":{n}}}}}"#);
        let depth = |sessions: &SessionRegistry| {
            let list = sessions.list().into_iter();
            list.map(|info| (info.id, info.outbox.messages))
                .collect::<std::collections::HashMap<_, _>>()
        };
        let before = depth(&self.sessions);
        let told = self
            .sessions
            .broadcast(&Message::parse(text.clone()).unwrap());
        note(format!("{told:?}"));
        let after = depth(&self.sessions);
        let took: Vec<_> = before.iter().filter(|(id, n)| after[*id] > **n).collect();
        assert_eq!(
            (took.len(), took.len() + told.full),
            (told.sent, before.len())
        );
        for (id, _) in took {
            self.logs.with(id, |log| {
                log.out.push(text.clone());
                log.active = Instant::now();
            });
        }
    }

    fn try_send(&mut self) {
        let Some(at) = self.any() else { return };
        let client = &self.clients[at];
        let n = self.broadcasts;
        self.broadcasts += 1;
        let text = format!(r#"{{"jsonrpc":"2.0","method":"push","params":{{"n":{n}}}}}"#);
        let sender = client
            .sender
            .as_ref()
            .expect("a sender outlives its session");
        let sent = sender.try_send(Message::parse(text.clone()).unwrap());
        note(format!("push to {at}: {sent:?}"));
        assert!(
            client.listed || sent.is_err(),
            "sent to a session that has ended"
        );
        if sent.is_ok() {
            self.logs.with(&client.id, |log| {
                log.out.push(text);
                log.active = Instant::now();
            });
        }
    }

    fn shut_down(&mut self) {
        let window = Duration::from_millis(self.random.u64(..5_000));
        let deadline = Duration::from_millis(self.random.u64(1..20_000));
        note(format!("shut down over {window:?} until {deadline:?}"));
        let shutdown = self
            .sessions
            .shutdown()
            .spread_over(window)
            .deadline(deadline);
        self.shut = true;
        if self.shutdown.is_none() {
            let shutdown = spawn(shutdown.into_future());
            self.shutdown = Some((shutdown, Instant::now(), deadline));
            self.poll_shutdown();
        }
    }

    fn poll_shutdown(&mut self) -> bool {
        let Some((shutdown, since, deadline)) = &mut self.shutdown else {
            return false;
        };
        let open = self.sessions.len();
        let std::task::Poll::Ready(cut) = shutdown.poll() else {
            return false;
        };
        note(format!("shut down, {cut} cut"));
        if since.elapsed() < *deadline {
            assert_eq!(cut, 0, "cut before the deadline");
        }
        if cut == 0 && since.elapsed() < *deadline {
            let streams = |client: &Client<_>| client.body.is_some() && !client.over;
            assert!(!self.clients.iter().any(streams), "a stream is left");
        }
        assert!(cut == 0 || cut == open);
        for client in &mut self.clients {
            client.ended.cut |= client.listed && cut > 0;
        }
        self.shutdown = None;
        true
    }

    fn poll(&mut self, at: usize) -> bool {
        let logs = &self.logs;
        let client = &mut self.clients[at];
        // It may find that its time was up before it asks for more.
        note_time(client, &self.config, logs);
        let id = client.id;
        let polled = client.poll(&|look| logs.with(&id, |log| look(log)));
        if polled && client.over {
            note(format!("{at} is over"));
            logs.with(&id, |log| client.check_end(log, self.config.answer_panics));
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
        let listed = self.sessions.get(&client.id).is_some();
        let phase = self.logs.with(&client.id, |log| log.phase);
        let deaf = phase == Phase::Deaf || phase.is_gone();
        match status {
            202 => {
                assert!(post.good, "accepted what it must not");
                assert!(client.listed, "accepted for a session that had ended");
                client.accepted.push(post.seq);
                self.logs
                    .with(&client.id, |log| log.active = Instant::now());
            }
            404 => assert!(
                post.expected == 404 || !listed || !client.listed || deaf || self.shut,
                "not found"
            ),
            503 => {
                let waited = post.since.elapsed() >= PATIENCE;
                assert!(waited, "busy, and nothing was waited for");
                assert_eq!(response.headers()["retry-after"], "1");
            }
            _ => assert_eq!(status, post.expected, "{kind:?}"),
        }
    }

    /// Polls who was woken, and nobody else, until nobody is.
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
            // Handlers in tasks of their own, and timers.
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
        panic!("it does not come to rest");
    }

    /// Who was not woken has nothing to do.
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

    fn check(&mut self) {
        let list = self.sessions.list();
        let mut listed = 0;
        for (at, client) in self.clients.iter_mut().enumerate() {
            note_time(client, &self.config, &self.logs);
            let phase = self.logs.with(&client.id, |log| {
                // Given to the handler of this very session, in the order of the answers.
                let so_far = client.accepted.get(..log.received.len());
                assert_eq!(so_far, Some(&log.received[..]), "session {at}");
                log.phase
            });
            let info = list.iter().find(|info| info.id == client.id);
            assert_eq!(info.is_some(), self.sessions.get(&client.id).is_some());
            let Some(info) = info else {
                let ended = client.ended.any() || phase.is_gone();
                assert!(ended, "session {at} ended for no reason");
                client.listed = false;
                assert!(
                    client
                        .sender
                        .as_ref()
                        .is_some_and(|sender| sender.is_closed())
                );
                continue;
            };
            listed += 1;
            assert!(client.listed, "session {at} came back");
            let ended = client.ended;
            let must = ended.dropped || ended.closed || ended.cut;
            assert!(!must, "session {at} should have ended: {ended:?}");
            assert!(
                !client.stalled(self.config.stall).0,
                "session {at} is stalled"
            );
            if client.reads {
                assert!(!phase.is_gone(), "session {at} has no handler");
                assert!(info.outbox.messages == 0, "session {at} does not send");
                let idle = self.logs.with(&client.id, |log| log.active.elapsed());
                let late = |most| idle >= most + Duration::from_millis(3);
                assert!(!self.config.idle.is_some_and(late), "session {at} is idle");
            }
            if phase == Phase::Receiving && (client.reads || self.config.spawned) {
                assert_eq!(
                    info.inbox.messages, 0,
                    "session {at} waits for what is there"
                );
                let received = self.logs.with(&client.id, |log| log.received.len());
                assert_eq!(received, client.accepted.len(), "session {at}");
            }
            if phase == Phase::Sending && (client.reads || self.config.spawned) {
                assert!(
                    info.outbox.messages > 0,
                    "session {at} waits for room that is there"
                );
            }
        }
        assert_eq!((list.len(), self.sessions.len()), (listed, listed));
        for post in &self.posts {
            let stuck = post.rest.is_empty() && post.timeouts > LONGEST;
            assert!(!stuck, "post {} of {} is stuck", post.seq, post.client);
        }
        // While there is room for all bodies, only a full inbox is waited for.
        let taken: usize = self.posts.iter().map(|post| post.fed.taken().0).sum();
        if taken <= self.config.in_flight.max(LIMIT) {
            for post in self.posts.iter().filter(|post| post.expected != 413) {
                let id = self.clients[post.client].id;
                let inbox = list.iter().find(|info| info.id == id);
                let full = inbox.is_some_and(|info| info.inbox.messages > 0);
                assert!(
                    full || !post.fed.taken().1,
                    "post {} of {} waits for room that is there",
                    post.seq,
                    post.client
                );
            }
        }
    }

    /// Lets all go, in one order or another, and looks for what is left.
    async fn finish(mut self) {
        note("finish".to_owned());
        self.nothing_was_forgotten();
        if self.random.bool() {
            self.shut_down();
        }
        while !self.clients.is_empty() || !self.posts.is_empty() {
            if self.random.bool() && !self.clients.is_empty() {
                let at = self.random.usize(..self.clients.len());
                self.leave(at);
                self.settle().await;
                self.check();
                // Others are named by their place.
                self.posts.retain(|post| post.client != at);
                let last = self.clients.len() - 1;
                for post in self.posts.iter_mut().filter(|post| post.client == last) {
                    post.client = at;
                }
                self.clients.swap_remove(at);
            } else {
                self.posts.pop();
            }
            self.settle().await;
        }
        assert!(self.sessions.is_empty() && self.sessions.list().is_empty());
        assert_eq!(self.logs.alive(), 0, "handlers are left");
        if !self.shut {
            self.whole_budget().await;
        }
        assert!(self.sessions.is_empty());
        if let Some((shutdown, ..)) = &mut self.shutdown {
            assert!(shutdown.poll().is_ready(), "nothing is left to shut down");
        }
        let token = self.token.clone();
        drop(self);
        assert_eq!(std::sync::Arc::strong_count(&token), 1, "requests are left");
    }

    /// All bytes of the budget are free: bodies that have so many find room, and not one byte more.
    async fn whole_budget(&mut self) {
        self.open();
        self.settle().await;
        let uri = self.clients.last().expect("there is room").uri.clone();
        let mut left = self.config.in_flight.max(LIMIT);
        let principal = self.clients[0].principal.clone();
        let mut held = Vec::new();
        while left > 0 {
            let len = left.min(LIMIT);
            left -= len;
            held.push(self.hold(&uri, principal.clone(), len));
            assert!(
                held.last().unwrap().0.asks_for_more(),
                "bytes of the budget are held"
            );
        }
        let (fed, _answer) = self.hold(&uri, principal, 1);
        assert!(!fed.asks_for_more(), "the budget has grown");
        self.leave(0);
        self.clients.clear();
        for _ in 0..3 {
            yield_now().await;
        }
    }

    fn hold(
        &mut self,
        uri: &str,
        principal: Option<Principal>,
        len: usize,
    ) -> (Fed, Spawn<ResponseFuture<Fed>>) {
        let fed = Fed::default();
        fed.piece(&"x".repeat(len));
        let mut request = Request::post(uri)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(fed.clone())
            .unwrap();
        if let Some(principal) = principal {
            request.extensions_mut().insert(principal);
        }
        let mut answer = spawn(self.post.call(request));
        assert!(answer.poll().is_pending());
        (fed, answer)
    }
}

/// Notes whose time is up by now.
fn note_time<F: Future<Output = ()>>(client: &mut Client<F>, config: &Config, logs: &Logs) {
    client.ended.stalled |= client.stalled(config.stall).1;
    let idle = logs.with(&client.id, |log| log.active.elapsed());
    client.ended.idle |= config.idle.is_some_and(|most| idle >= most);
}
