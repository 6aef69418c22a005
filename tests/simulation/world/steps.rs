//! The steps of a simulation.

use std::time::Duration;

use mcp_sse_server::{Handler, Message, SessionRegistry, session::Principal};
use mcp_sse_testkit::{bodies::Fed, requests};
use tokio::time::{Instant, advance};
use tokio_test::task::spawn;
use tower::Service;

use crate::{client::Client, note};

use super::{LIMIT, PATIENCE, Post, World};

impl<H: Handler> World<H> {
    pub(super) async fn step(&mut self) {
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
                let closed = self.server.sessions.close(&client.id);
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
                // In steps: a jump of the clock means to the transport that the process was stopped.
                let mut left = time;
                while !left.is_zero() {
                    let step = left.min(Duration::from_millis(500));
                    advance(step).await;
                    left -= step;
                }
            }
            _ => self.shut_down(),
        }
    }

    fn any(&mut self) -> Option<usize> {
        let count = self.clients.len();
        // Prefers new clients, because most of them are still connected.
        let from = if self.random.u8(..4) == 0 {
            0
        } else {
            count.saturating_sub(4)
        };
        (count > 0).then(|| self.random.usize(from..count))
    }

    pub(super) fn open(&mut self) {
        let principal = match self.random.u8(..3) {
            0 => None,
            n => Some(Principal::new(format!("client {n}"))),
        };
        let mut get = requests::get();
        get.extensions_mut().insert(self.token.clone());
        if let Some(principal) = &principal {
            get.extensions_mut().insert(principal.clone());
        }
        // A session counts until its stream is gone.
        let has_stream = |client: &&Client<_>| client.body.is_some() && !client.over;
        let streams = self.clients.iter().filter(has_stream);
        let each = streams
            .clone()
            .filter(|client| client.principal == principal);
        let each = each.count();
        let full = self.config.most.is_some_and(|most| streams.count() >= most)
            || principal.is_some() && self.config.most_each.is_some_and(|most| each >= most);
        let mut answer = spawn(self.server.sse.call(get.map(|()| String::new())));
        let std::task::Poll::Ready(Ok(response)) = answer.poll() else {
            panic!("the answer to a GET is ready at once")
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
        let list = self.server.sessions.list();
        let new = list.iter().filter(|info| !known.contains(&info.id));
        let [new] = new.collect::<Vec<_>>()[..] else {
            panic!("each stream has one session")
        };
        assert_eq!(new.principal, principal);
        let uri = format!("/messages/?session_id={}", new.id.expose_secret());
        let mut client = Client::new(new.id, uri, spawn(response.into_body()));
        client.principal = principal;
        client.sender = self.server.sessions.get(&new.id);
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
        let mut request = requests::post(&uri, fed.clone());
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
            answer: spawn(self.server.post.call(request)),
            fed,
            rest,
            client: at,
            seq,
            good: expected == 202,
            expected,
            begun: Instant::now(),
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

    pub(super) fn leave(&mut self, at: usize) {
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
        let before = depth(&self.server.sessions);
        let told = self
            .server
            .sessions
            .broadcast(&Message::parse(text.clone()).unwrap());
        note(format!("{told:?}"));
        let after = depth(&self.server.sessions);
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
        let sender = client.sender.as_ref().expect("a session has a sender");
        let sent = sender.try_send(Message::parse(text.clone()).unwrap());
        note(format!("push to {at}: {sent:?}"));
        assert!(client.listed || sent.is_err(), "sent to a closed session");
        if sent.is_ok() {
            self.logs.with(&client.id, |log| {
                log.out.push(text);
                log.active = Instant::now();
            });
        }
    }

    pub(super) fn shut_down(&mut self) {
        let window = Duration::from_millis(self.random.u64(..5_000));
        let deadline = Duration::from_millis(self.random.u64(1..20_000));
        note(format!("shut down over {window:?} until {deadline:?}"));
        let shutdown = self
            .server
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
}
