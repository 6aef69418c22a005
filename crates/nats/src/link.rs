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
use tokio::{
    sync::Notify,
    time::{self, timeout_at},
};
use uuid::Uuid;

use mcp_sse_server::{
    endpoint::NodeName,
    relay::{Relay, RelayError, RelayFuture},
};

use crate::{
    event::NatsEvent,
    log,
    options::{EventHook, NatsRelayOptions},
    pending::Pending,
};

/// For how long after it is connected a node is not sure that another one is gone: 5 s, since async-nats
/// tries to connect again every 4 s.
pub const SETTLE: Duration = Duration::from_secs(5);

/// A [`Relay`] over NATS. A clone is another handle to the same.
///
/// Made by [`NatsRelayOptions::connect`]; see the [crate docs](crate) for an example. It relays for as
/// long as [`serve`](Self::serve) runs.
#[derive(Clone)]
pub struct NatsRelay {
    pub(crate) shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) client: Client,
    pub(crate) link: Arc<Link>,
    prefix: Box<str>,
    timeout: Duration,
    /// Where replies go: this, a dot, and a number.
    pub(crate) inbox: String,
    /// Tells this process from another of the same name.
    pub(crate) instance: String,
}

/// What the events of the client change.
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

    pub(crate) fn note(&self, event: NatsEvent) {
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
    /// Options, to begin with.
    pub fn options() -> NatsRelayOptions {
        NatsRelayOptions::new()
    }

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
    /// A node's subject. A name is one part of a subject, and no pattern: its type says so.
    pub(crate) fn subject(&self, node: &NodeName) -> String {
        format!("{}.{node}", self.prefix)
    }

    async fn request(&self, node: &NodeName, post: Bytes) -> Result<Bytes, RelayError> {
        let Self { client, link, .. } = self;
        if !link.serving.load(SeqCst) {
            return Err(RelayError::Unavailable("`NatsRelay::serve` does not run"));
        }
        // What is given to a client without a connection is kept, and sent who knows when.
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
            Err(_elapsed) => return Err(RelayError::Unavailable("NATS is slow to take messages")),
        }
        match timeout_at(deadline, &mut place.reply).await {
            Ok(Ok(reply)) if reply.status == Some(StatusCode::NO_RESPONDERS) => {
                Err(match link.is_settled() {
                    true => RelayError::NoSuchNode,
                    false => RelayError::Unavailable("the node has not come back to NATS yet"),
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
