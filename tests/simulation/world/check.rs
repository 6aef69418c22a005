//! What must hold after each step, and at the end.

use std::time::Duration;

use mcp_sse_server::{Handler, post::ResponseFuture};
use mcp_sse_testkit::{bodies::Fed, requests};
use tokio::task::yield_now;
use tokio_test::task::{Spawn, spawn};
use tower::Service;

use crate::{handler::Phase, note};

use super::{LIMIT, LONGEST, Post, World, note_time};

impl<H: Handler> World<H> {
    pub(super) fn check(&mut self) {
        let list = self.server.sessions.list();
        let mut listed = 0;
        for (at, client) in self.clients.iter_mut().enumerate() {
            note_time(client, &self.config, &self.logs);
            let phase = self.logs.with(&client.id, |log| {
                // The handler of this session received the messages in the order of their answers.
                let so_far = client.accepted.get(..log.received.len());
                assert_eq!(so_far, Some(&log.received[..]), "session {at}");
                log.phase
            });
            let info = list.iter().find(|info| info.id == client.id);
            assert_eq!(
                info.is_some(),
                self.server.sessions.get(&client.id).is_some()
            );
            let Some(info) = info else {
                let ended = client.ended.any() || phase.is_gone();
                assert!(ended, "session {at} was closed without a reason");
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
            assert!(!must, "session {at} should be closed: {ended:?}");
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
                    "session {at} waits although it has messages"
                );
                let received = self.logs.with(&client.id, |log| log.received.len());
                assert_eq!(received, client.accepted.len(), "session {at}");
            }
            if phase == Phase::Sending && (client.reads || self.config.spawned) {
                assert!(
                    info.outbox.messages > 0,
                    "session {at} waits although there is room"
                );
            }
        }
        assert_eq!((list.len(), self.server.sessions.len()), (listed, listed));
        for post in &self.posts {
            let stuck = post.rest.is_empty() && post.timeouts > LONGEST;
            assert!(!stuck, "post {} of {} is stuck", post.seq, post.client);
        }
        // While there is room for all bodies, a POST waits only for a full inbox.
        let taken = |posts: &mut dyn Iterator<Item = &Post>| -> usize {
            posts.map(|post| post.fed.taken()).sum()
        };
        if taken(&mut self.posts.iter()) <= self.config.in_flight.max(LIMIT) {
            for post in self.posts.iter().filter(|post| post.expected != 413) {
                // Each session has room for one whole body.
                let mut own = self
                    .posts
                    .iter()
                    .filter(|other| other.client == post.client);
                if taken(&mut own) > LIMIT {
                    continue;
                }
                let id = self.clients[post.client].id;
                let inbox = list.iter().find(|info| info.id == id);
                let full = inbox.is_some_and(|info| info.inbox.messages > 0);
                assert!(
                    full || !post.fed.is_left(),
                    "post {} of {} waits although there is room",
                    post.seq,
                    post.client
                );
            }
        }
    }

    /// Drops everything, in a random order, and checks that nothing is left.
    pub(super) async fn finish(mut self) {
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
                // The indices of other items must not change.
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
        assert!(self.server.sessions.is_empty() && self.server.sessions.list().is_empty());
        assert_eq!(self.logs.alive(), 0, "handlers are left");
        if !self.shut {
            self.whole_budget().await;
        }
        assert!(self.server.sessions.is_empty());
        if let Some((shutdown, ..)) = &mut self.shutdown {
            assert!(shutdown.poll().is_ready(), "nothing is left to shut down");
        }
        let token = self.token.clone();
        drop(self);
        assert_eq!(std::sync::Arc::strong_count(&token), 1, "requests are left");
    }

    /// Checks that all bytes of the budget are free: bodies of this size together find room, and not one
    /// byte more. A session has a budget of its own, so several sessions are needed.
    async fn whole_budget(&mut self) {
        let mut left = self.config.in_flight.max(LIMIT);
        let sessions = left
            .div_ceil(LIMIT)
            .min(self.config.most.unwrap_or(usize::MAX));
        while self.clients.len() < sessions {
            self.open();
            self.settle().await;
        }
        let mut held = Vec::new();
        for at in 0..sessions {
            let len = left.min(LIMIT);
            left -= len;
            held.push(self.hold(at, len));
            assert!(
                held.last().unwrap().0.is_awaited(),
                "bytes of the budget are held"
            );
        }
        let (fed, _answer) = self.hold(sessions - 1, 1);
        assert!(!fed.is_awaited(), "the budget is larger than before");
        while !self.clients.is_empty() {
            self.leave(0);
            self.clients.swap_remove(0);
        }
        for _ in 0..3 {
            yield_now().await;
        }
    }

    fn hold(&mut self, at: usize, len: usize) -> (Fed, Spawn<ResponseFuture<Fed>>) {
        let (uri, principal) = (&self.clients[at].uri, self.clients[at].principal.clone());
        let fed = Fed::default();
        fed.piece(&"x".repeat(len));
        let mut request = requests::post(uri, fed.clone());
        if let Some(principal) = principal {
            request.extensions_mut().insert(principal);
        }
        let mut answer = spawn(self.server.post.call(request));
        assert!(answer.poll().is_pending());
        (fed, answer)
    }
}
