use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use async_nats::{Client, PublishErrorKind, StatusCode, connection::State};
use bytes::Bytes;
use mcp_sse_server::{
    endpoint::NodeName,
    relay::{Relay, RelayError, RelayFuture},
};
use tokio::{
    sync::Notify,
    time::{self, timeout_at},
};
use uuid::Uuid;

use crate::{event::NatsEvent, log, pending::Pending};

/// How long after its connection a node treats an absent node as unreachable, and not as gone: 5 s.
///
/// async-nats tries to reconnect every 4 s, so another node may come back within this time.
pub const SETTLE: Duration = Duration::from_secs(5);

/// A [`Relay`] over NATS.
///
/// [`NatsRelayOptions::connect`](crate::NatsRelayOptions::connect) makes it. See the [crate docs](crate) for an
/// example. It relays only while [`serve`](Self::serve) runs. A clone is another handle to the same relay.
#[derive(Clone)]
pub struct NatsRelay {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) link: Arc<Link>,
    prefix: Box<str>,
    timeout: Duration,
    /// The prefix of the subjects of replies. A dot and a number follow it.
    pub(crate) inbox: String,
    /// Distinguishes this process from another node of the same name.
    pub(crate) instance: String,
}

pub(crate) type EventHook = dyn Fn(NatsEvent) + Send + Sync;

/// The state that the events of the client change.
pub(crate) struct Link {
    on_event: Option<Box<EventHook>>,
    since: Mutex<Option<Instant>>,
    pub(crate) pending: Pending,
    pub(crate) connected: Notify,
    pub(crate) serving: AtomicBool,
}

impl Link {
    pub(crate) fn new(on_event: Option<Box<EventHook>>) -> Self {
        Self {
            on_event,
            since: Mutex::new(None),
            pending: Pending::default(),
            connected: Notify::new(),
            serving: AtomicBool::new(false),
        }
    }

    pub(crate) fn handle(&self, event: NatsEvent) {
        match event {
            NatsEvent::Connected => {
                *self.since.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                self.connected.notify_one();
            }
            NatsEvent::Disconnected | NatsEvent::Closed => self.pending.fail_all(),
            NatsEvent::NameTaken | NatsEvent::Complaint(_) => {}
        }
        log::event(&event);
        if let Some(hook) = &self.on_event {
            hook(event);
        }
    }

    fn is_settled(&self) -> bool {
        let since = *self.since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_some_and(|since| since.elapsed() >= SETTLE)
    }
}

impl NatsRelay {
    pub(crate) fn new(
        client: Client,
        link: Arc<Link>,
        prefix: Box<str>,
        timeout: Duration,
    ) -> Self {
        let inbox = client.new_inbox();
        let shared = Shared {
            client,
            link,
            prefix,
            timeout,
            inbox,
            instance: Uuid::new_v4().to_string(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl Shared {
    /// The subject of a node. `NodeName` allows no dots and no wildcards, so a name is one token of a subject.
    pub(crate) fn subject(&self, node: &NodeName) -> String {
        format!("{}.{node}", self.prefix)
    }

    async fn request(&self, node: &NodeName, post: Bytes) -> Result<Bytes, RelayError> {
        let Self { client, link, .. } = self;
        if !link.serving.load(SeqCst) {
            return Err(RelayError::Unavailable("`NatsRelay::serve` is not running"));
        }
        // Without a connection the client would buffer the message and send it at some later time.
        if client.connection_state() != State::Connected {
            return Err(RelayError::Unavailable("there is no connection to NATS"));
        }
        let deadline = time::Instant::now() + self.timeout;
        let mut place = link.pending.enter();
        let reply = format!("{}.{}", self.inbox, place.token);
        let len = post.len();
        let publish = client.publish_with_reply(self.subject(node), reply, post);
        match timeout_at(deadline, publish).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.kind() == PublishErrorKind::MaxPayloadExceeded => {
                return Err(RelayError::TooLarge {
                    len,
                    limit: client.max_payload(),
                    setting: "`max_payload` of the NATS server",
                });
            }
            Ok(Err(_)) => return Err(RelayError::Unavailable("the NATS client is closed")),
            Err(_elapsed) => {
                return Err(RelayError::Unavailable("NATS accepts messages too slowly"));
            }
        }
        match timeout_at(deadline, &mut place.reply).await {
            Ok(Ok(reply)) if reply.status == Some(StatusCode::NO_RESPONDERS) => {
                Err(match link.is_settled() {
                    true => RelayError::NoSuchNode,
                    false => RelayError::Unavailable("the node has not reconnected to NATS yet"),
                })
            }
            Ok(Ok(reply)) => Ok(reply.payload),
            Ok(Err(_)) | Err(_) => Err(RelayError::NoAnswer),
        }
    }
}

impl Relay for NatsRelay {
    fn forward<'a>(&'a self, node: &'a NodeName, post: Bytes) -> RelayFuture<'a> {
        Box::pin(self.shared.request(node, post))
    }
}

impl fmt::Debug for NatsRelay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared {
            client,
            prefix,
            timeout,
            ..
        } = &*self.shared;
        f.debug_struct("NatsRelay")
            .field("state", &client.connection_state())
            .field("prefix", prefix)
            .field("timeout", timeout)
            .finish_non_exhaustive()
    }
}
