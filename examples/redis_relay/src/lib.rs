//! A relay over Redis: a small example of an engine that keeps all promises of a relay.
//!
//! Each node subscribes to two channels. On the first channel it receives `POST`s: the sender's id, a number
//! and the bytes of the `POST`. On the second channel it receives the answers to its own `POST`s: the number
//! and the bytes of the answer. Redis reports how many nodes received a message, so a sender notices at once
//! when a node is gone. While nodes come back to a Redis that was away, their sessions are not lost: until that has
//! settled, a `POST` to a node that is not there gets 503 instead of 404.
//!
//! ```no_run
//! # async fn handle(_: mcp_sse_server::Session) {}
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! use mcp_sse_server::SseServerTransport;
//! use mcp_sse_server_redis_relay::RedisRelay;
//!
//! let relay = RedisRelay::connect("redis://127.0.0.1:6379").await?;
//! let transport = SseServerTransport::new("/messages/", handle)?
//!     .node("a1")?
//!     .relay(relay.clone());
//! tokio::spawn(relay.serve(transport.inbound()));
//! # Ok(())
//! # }
//! ```

mod pending;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use mcp_sse_server::{
    endpoint::NodeName,
    relay::{Inbound, Relay, RelayError, RelayFuture},
};
use redis::{
    AsyncCommands, Client, RedisError, RedisResult,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use self::pending::Pending;

/// Longer than the nodes' `delivery_timeout`, shorter than the timeouts of clients.
const TIMEOUT: Duration = Duration::from_secs(4);
const RETRY: Duration = Duration::from_millis(500);
/// How long the other nodes may need to subscribe again.
const SETTLE: Duration = Duration::from_secs(5);
/// The sender's id, and its number for the `POST`.
const HEAD: usize = 16 + 8;

/// A relay over Redis. It relays while [`serve`](Self::serve) runs. A clone is a handle to the same relay.
#[derive(Clone)]
pub struct RedisRelay {
    client: Client,
    connection: ConnectionManager,
    me: Uuid,
    pending: Arc<Pending>,
    /// From when on a node without a subscription is gone, if Redis was away.
    settled: Arc<Mutex<Option<Instant>>>,
}

fn channel(node: &NodeName) -> String {
    format!("mcp-sse:{node}")
}

fn reply_channel(sender: Uuid) -> String {
    format!("mcp-sse-replies:{sender}")
}

impl RedisRelay {
    /// Connects. The relay reconnects after a lost connection.
    pub async fn connect(url: &str) -> RedisResult<Self> {
        let client = Client::open(url)?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_response_timeout(Some(TIMEOUT))
            .set_connection_timeout(Some(TIMEOUT));
        let connection = ConnectionManager::new_with_config(client.clone(), config).await?;
        Ok(Self {
            client,
            connection,
            me: Uuid::new_v4(),
            pending: Arc::default(),
            settled: Arc::default(),
        })
    }

    /// Receives the `POST`s of other nodes and the answers to this node's `POST`s. Never returns.
    pub async fn serve(self, inbound: Inbound) {
        loop {
            // Subscribes again after an error. Meanwhile, Redis reports no receiver to the senders.
            let _lost = self.serve_connection(&inbound).await;
            self.pending.fail_all();
            self.unsettle();
            sleep(RETRY).await;
        }
    }

    async fn serve_connection(&self, inbound: &Inbound) -> RedisResult<()> {
        let mut channels = self.client.get_async_pubsub().await?;
        let posts = channel(inbound.node());
        channels.subscribe(&posts).await?;
        channels.subscribe(reply_channel(self.me)).await?;
        // Only now this node knows that Redis is back.
        if self.settled().is_some() {
            self.unsettle();
        }
        let mut messages = channels.on_message();
        let mut deliveries = FuturesUnordered::new();
        loop {
            tokio::select! {
                message = messages.next() => {
                    let Some(message) = message else { return Ok(()) };
                    let bytes = Bytes::copy_from_slice(message.get_payload_bytes());
                    match message.get_channel_name() == posts {
                        true => deliveries.push(self.deliver(inbound, bytes)),
                        false => self.replied(bytes),
                    }
                }
                Some(()) = deliveries.next() => {}
            }
        }
    }

    async fn deliver(&self, inbound: &Inbound, message: Bytes) {
        let Some((sender, number)) = head_of(&message) else {
            return;
        };
        let post = message.slice(HEAD..);
        // `Inbound` counts what it holds, so hold nothing beside it.
        drop(message);
        let answer = inbound.deliver(post).await;
        let reply = [&number.to_be_bytes() as &[u8], &answer].concat();
        let mut connection = self.connection.clone();
        // If the reply is lost, the sender reports an unknown outcome.
        let _: RedisResult<()> = connection.publish(reply_channel(sender), reply).await;
    }

    fn replied(&self, mut message: Bytes) {
        if let Some(number) = message.first_chunk() {
            let number = u64::from_be_bytes(*number);
            self.pending.resolve(number, message.split_off(8));
        }
    }

    async fn request(&self, node: &NodeName, post: Bytes) -> Result<Bytes, RelayError> {
        let mut place = self.pending.enter();
        let number = place.number.to_be_bytes();
        let message = [self.me.as_bytes() as &[u8], &number, &post].concat();
        let mut connection = self.connection.clone();
        let (sent, reply) = (connection.publish(channel(node), message), &mut place.reply);
        let exchange = async {
            match sent.await {
                Ok(0) => Err(self.absent().await),
                Ok(_nodes) => reply.await.map_err(|_| RelayError::NoAnswer),
                Err(error) => Err(failed(&error)),
            }
        };
        timeout(TIMEOUT, exchange)
            .await
            .unwrap_or(Err(RelayError::NoAnswer))
    }
}

impl RedisRelay {
    fn settled(&self) -> Option<Instant> {
        *self.settled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn unsettle(&self) {
        let settled = Some(Instant::now() + SETTLE);
        *self.settled.lock().unwrap_or_else(PoisonError::into_inner) = settled;
    }

    /// Nobody received a `POST`: its node is gone, or has not subscribed again since Redis was away.
    async fn absent(&self) -> RelayError {
        let mut connection = self.connection.clone();
        let own = reply_channel(self.me);
        let mut ask = redis::cmd("PUBSUB");
        ask.arg("NUMSUB").arg(own);
        // If this node has no subscription either, it has not noticed yet that Redis was away.
        let count: RedisResult<(String, usize)> = ask.query_async(&mut connection).await;
        let is_settled = self
            .settled()
            .is_none_or(|settled| settled <= Instant::now());
        match count {
            Ok((_, 1..)) if is_settled => RelayError::NoSuchNode,
            _ => RelayError::Unavailable("nodes may not have come back to Redis yet"),
        }
    }
}

fn head_of(message: &Bytes) -> Option<(Uuid, u64)> {
    let (sender, rest) = message.split_first_chunk()?;
    let number = rest.first_chunk()?;
    Some((Uuid::from_bytes(*sender), u64::from_be_bytes(*number)))
}

/// Treat the `POST` as sent unless the connection was refused.
fn failed(error: &RedisError) -> RelayError {
    match error.is_connection_refusal() {
        true => RelayError::Unavailable("there is no connection to Redis"),
        false => RelayError::NoAnswer,
    }
}

impl Relay for RedisRelay {
    fn forward<'a>(&'a self, node: &'a NodeName, post: Bytes) -> RelayFuture<'a> {
        Box::pin(self.request(node, post))
    }
}
