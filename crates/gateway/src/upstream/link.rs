//! One connection to an upstream: rmcp's transport, and the messages that are on their way into it.

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use mcp_sse_server::message::OwnedRequestId;
use rmcp::{
    RoleClient,
    model::{ClientJsonRpcMessage, ServerJsonRpcMessage},
    transport::{
        Transport,
        streamable_http_client::{
            StreamableHttpClientTransport, StreamableHttpClientTransportConfig,
        },
    },
};

use super::{failure::Failure, held::Waiting, tap::Tap};

/// How many messages may be on their way at the same time. Requests whose answers are plain JSON are on their way
/// until the answer.
pub(super) const ON_THEIR_WAY: usize = 256;

pub(super) struct Link {
    transport: StreamableHttpClientTransport<Tap>,
    sends: FuturesUnordered<BoxFuture<'static, Sent>>,
}

/// A message that was sent, or could not be.
pub(super) struct Sent {
    /// The id of a request.
    pub(super) id: Option<OwnedRequestId>,
    /// The `POST` that waits for the verdict.
    pub(super) waiting: Option<Waiting>,
    pub(super) result: Result<(), Failure>,
}

impl Sent {
    pub(super) fn failed(reason: &str) -> Self {
        let failure = Failure {
            text: reason.to_owned(),
            challenge: None,
        };
        Self {
            id: None,
            waiting: None,
            result: Err(failure),
        }
    }
}

/// What happens on a link.
pub(super) enum Event {
    Sent(Sent),
    /// A message that rmcp passes on or made itself.
    Received(Box<ServerJsonRpcMessage>),
    /// Nothing more will happen.
    Lost,
}

impl Link {
    /// `largest` is the size of the largest message in bytes.
    pub(super) fn new(tap: Tap, url: &str, largest: usize) -> Self {
        let mut config = StreamableHttpClientTransportConfig::with_uri(url);
        config.max_concurrent_requests = ON_THEIR_WAY;
        config.max_sse_event_size = largest;
        config.max_json_response_size = largest;
        Self {
            transport: StreamableHttpClientTransport::with_client(tap, config),
            sends: FuturesUnordered::new(),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.sends.len() >= ON_THEIR_WAY
    }

    /// Starts to send a message. `next` reports the end.
    pub(super) fn send(
        &mut self,
        message: ClientJsonRpcMessage,
        id: Option<OwnedRequestId>,
        waiting: Option<Waiting>,
    ) {
        let sent = Transport::<RoleClient>::send(&mut self.transport, message);
        let sent = async move {
            Sent {
                id,
                waiting,
                result: sent.await.map_err(Failure::from),
            }
        };
        self.sends.push(sent.boxed());
    }

    /// Cancel safe.
    pub(super) async fn next(&mut self) -> Event {
        tokio::select! {
            biased;
            Some(sent) = self.sends.next() => Event::Sent(sent),
            message = self.transport.receive() => match message {
                Some(message) => Event::Received(Box::new(message)),
                // The sends know why.
                None => self.sends.next().await.map_or(Event::Lost, Event::Sent),
            },
        }
    }

    /// Ends the upstream's session.
    pub(super) async fn close(mut self) {
        drop(self.sends);
        let _ = self.transport.close().await;
    }
}
