//! One session of a client and its session of an upstream.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue};
use mcp_sse_server::{
    Message, Session,
    message::MessageKind,
    session::{Incoming, SessionReceiver},
};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::{answers::Open, config::UpstreamServer};

use super::{
    held::{Hold, Waiting},
    inbound::Inbound,
    link::{Event, Link, Sent},
    outgoing::outgoing,
    shared::Shared,
    tap::Tap,
};

/// How long the upstream has to delete its session.
const CLOSE: Duration = Duration::from_secs(6);

pub(super) struct Bridge<'a> {
    pub(super) upstreams: &'a Shared,
    pub(super) server: &'a UpstreamServer,
    receiver: SessionReceiver,
    pub(super) inbound: Arc<Inbound>,
    pub(super) hold: Hold,
    pub(super) tap: Tap,
    pub(super) link: Option<Link>,
    /// The client's `initialize`, to begin anew after the upstream was lost.
    pub(super) initialize: Option<Message>,
    /// When the upstream sent something.
    pub(super) heard: Instant,
}

impl<'a> Bridge<'a> {
    pub(super) fn new(
        upstreams: &'a Shared,
        server: &'a UpstreamServer,
        session: Session,
        hold: Hold,
    ) -> Self {
        let (sender, receiver) = session.split();
        let inbound = Arc::new(Inbound {
            sender,
            open: Open::default(),
        });
        let tap = Tap::new(upstreams.http.clone(), Arc::clone(&inbound));
        let headers = headers(upstreams, server, &receiver.parts().headers);
        tap.set_headers(headers);
        Self {
            upstreams,
            server,
            receiver,
            inbound,
            hold,
            tap,
            link: None,
            initialize: None,
            heard: Instant::now(),
        }
    }

    pub(super) async fn run(mut self) {
        let inbound = Arc::clone(&self.inbound);
        tokio::select! {
            () = self.pass_messages() => {}
            _ = inbound.sender.closed() => {}
        }
        self.hold.release();
        if let Some(link) = self.link.take() {
            let _ = timeout(CLOSE, link.close()).await;
        }
    }

    /// Passes messages until no more come from the client.
    async fn pass_messages(&mut self) {
        let mut draining = false;
        let mut clock = interval(Duration::from_secs(1));
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let is_full = self.link.as_ref().is_some_and(Link::is_full);
            tokio::select! {
                incoming = self.receiver.recv(), if !is_full && !draining => match incoming {
                    Some(incoming) => self.incoming(incoming).await,
                    None => draining = true,
                },
                event = next(&mut self.link) => self.event(event).await,
                _ = clock.tick(), if !self.inbound.open.is_empty() => self.expire().await,
            }
            if draining && self.inbound.open.is_empty() {
                return;
            }
        }
    }

    async fn incoming(&mut self, mut incoming: Incoming) {
        self.tap.set_headers(headers(
            self.upstreams,
            self.server,
            &incoming.parts.headers,
        ));
        let waiting = incoming.parts.extensions.remove::<Waiting>();
        let message = incoming.message;
        self.inbound.open.asked(&message);
        let id = match message.kind() {
            MessageKind::Request => message.id().map(Into::into),
            _ => None,
        };
        let prepared = match outgoing(&message) {
            Ok(prepared) => prepared,
            Err(reason) => return self.fail(id, &reason).await,
        };
        let is_initialize = message.method() == Some("initialize");
        if is_initialize {
            self.initialize = Some(message);
        } else if self.link.is_none()
            && let Err(sent) = self.begin_anew(waiting.clone()).await
        {
            return self.sent(Sent { id, ..sent }).await;
        }
        if self.link.is_none() {
            self.link = Some(self.connect());
        }
        if let Some(link) = &mut self.link {
            link.send(prepared, id, waiting);
        }
    }
}

/// Never completes without a link.
async fn next(link: &mut Option<Link>) -> Event {
    match link {
        Some(link) => link.next().await,
        None => std::future::pending().await,
    }
}

fn headers(
    upstreams: &Shared,
    server: &UpstreamServer,
    client: &HeaderMap<HeaderValue>,
) -> HeaderMap {
    let mut headers = server.headers.clone();
    for name in &*upstreams.forward {
        if let Some(value) = client.get(name) {
            headers.insert(name, value.clone());
        }
    }
    headers
}
