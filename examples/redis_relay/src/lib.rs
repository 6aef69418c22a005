//! A relay over Redis: an engine of one's own, as small as one can be that keeps all promises.
//!
//! Each node subscribes to two channels. On one it is sent `POST`s, as the sender's reply channel, a number
//! and the `POST`'s bytes. On the other it gets the answers to what it sent: that number and the answer's
//! bytes. Redis says of each message how many got it, so a node that is gone is known at once.
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

use std::{sync::Arc, time::Duration};

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
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use self::pending::Pending;

/// Above the nodes' `delivery_timeout`, below what clients wait.
const TIMEOUT: Duration = Duration::from_secs(4);
const RETRY: Duration = Duration::from_millis(500);
/// The sender's id, and its number for the `POST`.
const HEAD: usize = 16 + 8;

/// A relay over Redis. A clone is another handle to the same. It relays while [`serve`](Self::serve) runs.
#[derive(Clone)]
pub struct RedisRelay {
    client: Client,
    connection: ConnectionManager,
    me: Uuid,
    pending: Arc<Pending>,
}

fn channel(node: &NodeName) -> String {
    format!("mcp-sse:{node}")
}

fn reply_channel(sender: Uuid) -> String {
    format!("mcp-sse-replies:{sender}")
}

impl RedisRelay {
    /// Connects. Later on, connections that are lost are made again.
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
        })
    }

    /// Takes in what other nodes send, and the answers to what this one sends, for ever.
    pub async fn serve(self, inbound: Inbound) {
        loop {
            // A channel that is lost is made again; what was sent meanwhile found nobody, and was told so.
            let _lost = self.serve_connection(&inbound).await;
            self.pending.fail_all();
            sleep(RETRY).await;
        }
    }

    async fn serve_connection(&self, inbound: &Inbound) -> RedisResult<()> {
        let mut channels = self.client.get_async_pubsub().await?;
        let posts = channel(inbound.node());
        channels.subscribe(&posts).await?;
        channels.subscribe(reply_channel(self.me)).await?;
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
        let answer = inbound.deliver(message.slice(HEAD..)).await;
        let reply = [&number.to_be_bytes() as &[u8], &answer].concat();
        let mut connection = self.connection.clone();
        // If this is lost, the sender says that nobody knows.
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
                Ok(0) => Err(RelayError::NoSuchNode),
                Ok(_nodes) => reply.await.map_err(|_| RelayError::NoAnswer),
                Err(error) => Err(failed(&error)),
            }
        };
        timeout(TIMEOUT, exchange)
            .await
            .unwrap_or(Err(RelayError::NoAnswer))
    }
}

fn head_of(message: &Bytes) -> Option<(Uuid, u64)> {
    let (sender, rest) = message.split_first_chunk()?;
    let number = rest.first_chunk()?;
    Some((Uuid::from_bytes(*sender), u64::from_be_bytes(*number)))
}

/// When in doubt, it was sent.
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
