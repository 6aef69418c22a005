//! One session of a client and its session of an upstream.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, HeaderValue};
use mcp_sse_server::{
    Message, Session,
    message::{MessageKind, OwnedRequestId},
    session::{Incoming, SessionReceiver},
};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::{
    answers::{self, Open},
    config::UpstreamServer,
};

use super::{
    Upstreams,
    held::Waiting,
    link::{Event, Link, Sent},
    outgoing::{initialized, outgoing},
    tap::{Inbound, Tap},
};

/// How long a handshake that the client did not ask for may take.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// How long the upstream has to delete its session.
const CLOSE: Duration = Duration::from_secs(6);

pub(super) struct Bridge<'a> {
    upstreams: &'a Upstreams,
    server: &'a UpstreamServer,
    receiver: SessionReceiver,
    inbound: Arc<Inbound>,
    tap: Tap,
    link: Option<Link>,
    /// The client's `initialize`, to begin anew after the upstream was lost.
    initialize: Option<Message>,
    /// When the upstream sent something.
    heard: Instant,
}

impl<'a> Bridge<'a> {
    pub(super) fn new(
        upstreams: &'a Upstreams,
        server: &'a UpstreamServer,
        session: Session,
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
            tap,
            link: None,
            initialize: None,
            heard: Instant::now(),
        }
    }

    pub(super) async fn run(mut self) {
        let inbound = Arc::clone(&self.inbound);
        let id = inbound.sender.id();
        self.upstreams.held.insert(id);
        tokio::select! {
            () = self.pass_messages() => {}
            _ = inbound.sender.closed() => {}
        }
        self.upstreams.held.remove(id);
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
        } else if self.link.is_none() {
            if let Err(sent) = self.begin_anew(waiting.clone()).await {
                return self.sent(Sent { id, ..sent }).await;
            }
        }
        if self.link.is_none() {
            self.link = Some(self.connect());
        }
        if let Some(link) = &mut self.link {
            link.send(prepared, id, waiting);
        }
    }

    fn connect(&self) -> Link {
        let largest = usize::try_from(self.upstreams.limits.line).unwrap_or(usize::MAX);
        Link::new(self.tap.clone(), self.server.url.as_str(), largest)
    }

    /// Repeats the client's handshake with a new session of the upstream. The client does not see it.
    async fn begin_anew(&mut self, waiting: Option<Waiting>) -> Result<(), Sent> {
        let Some(initialize) = self
            .initialize
            .as_ref()
            .and_then(|message| outgoing(message).ok())
        else {
            return Ok(());
        };
        tracing::info!("the upstream's session is begun anew");
        let mut link = self.connect();
        link.send(initialize, None, waiting);
        let answered = async {
            loop {
                match link.next().await {
                    Event::Sent(Sent { result: Ok(()), .. }) => {}
                    Event::Sent(sent) => return Err(sent),
                    Event::Received(_) => return Ok(()),
                    Event::Lost => {
                        return Err(Sent::failed("the upstream failed: the connection was lost"));
                    }
                }
            }
        };
        let late = Err(Sent::failed(
            "the upstream failed: it did not answer the handshake",
        ));
        timeout(HANDSHAKE, answered).await.unwrap_or(late)?;
        link.send(initialized(), None, None);
        self.link = Some(link);
        Ok(())
    }

    async fn event(&mut self, event: Event) {
        match event {
            Event::Sent(sent) => self.sent(sent).await,
            Event::Received(message) => {
                self.heard = Instant::now();
                // The tap has passed on what came as an event. What is left came as plain JSON, or is rmcp's own.
                match Message::new(&message) {
                    Ok(message)
                        if matches!(message.kind(), MessageKind::Response | MessageKind::Error) =>
                    {
                        self.inbound.pass(message).await;
                    }
                    Ok(_) => {}
                    Err(error) => tracing::warn!("skipped a message of the upstream: {error}"),
                }
            }
            Event::Lost => {
                self.link = None;
                tracing::warn!("the upstream's session was lost");
                let reason = "the upstream's session was lost, the next message begins a new one";
                answers::fail_all(&self.inbound.sender, &self.inbound.open, reason).await;
            }
        }
    }

    /// Handles the end of a send: a failed request is answered.
    async fn sent(&mut self, sent: Sent) {
        let held = &self.upstreams.held;
        let session = self.inbound.sender.id();
        let Err(failure) = sent.result else {
            return held.remove(session);
        };
        tracing::warn!("{}", failure.text);
        if let Some(challenge) = failure.challenge {
            held.insert(session);
            let refused = sent
                .waiting
                .is_some_and(|waiting| waiting.refuse(challenge));
            if refused {
                // The client knows from its POST, and may send the request again under the same id.
                if let Some(id) = sent.id {
                    self.inbound.open.take(&id);
                }
                return;
            }
        }
        self.fail(sent.id, &failure.text).await;
    }

    /// Answers a request that was not answered yet.
    async fn fail(&mut self, id: Option<OwnedRequestId>, reason: &str) {
        if let Some(id) = id.filter(|id| self.inbound.open.take(id)) {
            answers::error(&self.inbound.sender, &id, reason).await;
        }
    }

    /// Answers the requests that wait for too long, unless the upstream sends something meanwhile.
    async fn expire(&mut self) {
        let limit = self.upstreams.limits.upstream;
        let Some(before) = Instant::now().checked_sub(limit) else {
            return;
        };
        if self.heard > before {
            return;
        }
        let reason = format!(
            "the upstream did not answer within {} s, see --upstream-timeout",
            limit.as_secs_f64()
        );
        for id in self.inbound.open.take_older(before) {
            tracing::warn!("{reason}");
            answers::error(&self.inbound.sender, &id, &reason).await;
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
    upstreams: &Upstreams,
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
