//! rmcp's HTTP client, with the client's headers, and with a tap on what the server sends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{StreamExt, stream::BoxStream};
use http::{HeaderMap, HeaderName, HeaderValue};
use mcp_sse_server::{Message, message::MessageKind, session::SessionSender};
use rmcp::{
    model::{ClientJsonRpcMessage, JsonRpcMessage, ServerJsonRpcMessage},
    transport::streamable_http_client::{
        SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
        StreamableHttpResponseLimits,
    },
};
use sse_stream::Sse;

use crate::{
    answers::{self, Open},
    log::shown,
};

use super::outgoing::original;

type Events = BoxStream<'static, Result<Sse, SseError>>;
type Headers = HashMap<HeaderName, HeaderValue>;
type Error = StreamableHttpError<reqwest::Error>;

/// An HTTP client for one session. A clone is another handle.
#[derive(Clone)]
pub(super) struct Tap {
    http: reqwest::Client,
    inbound: Arc<Inbound>,
    headers: Arc<Mutex<HeaderMap>>,
}

/// The way of messages to the client.
pub(super) struct Inbound {
    pub(super) sender: SessionSender,
    pub(super) open: Open,
}

impl Tap {
    pub(super) fn new(http: reqwest::Client, inbound: Arc<Inbound>) -> Self {
        Self {
            http,
            inbound,
            headers: Arc::default(),
        }
    }

    /// Replaces the headers that each further request has.
    pub(super) fn set_headers(&self, headers: HeaderMap) {
        *self.headers.lock().unwrap_or_else(PoisonError::into_inner) = headers;
    }

    fn with_headers(&self, mut all: Headers) -> Headers {
        let own = self.headers.lock().unwrap_or_else(PoisonError::into_inner);
        // A header that is given twice is sent once: rmcp takes a map.
        all.extend(
            own.iter()
                .map(|(name, value)| (name.clone(), value.clone())),
        );
        all
    }

    fn tapped(&self, events: Events) -> Events {
        let inbound = Arc::clone(&self.inbound);
        let delivered = move |event: Result<Sse, SseError>| {
            let inbound = Arc::clone(&inbound);
            async move {
                if let Ok(Sse {
                    data: Some(data), ..
                }) = &event
                {
                    inbound.deliver(data).await;
                }
                event
            }
        };
        events.then(delivered).boxed()
    }
}

impl Inbound {
    /// Sends a message of the server to the client, as the server wrote it. It waits while the client does not
    /// read.
    async fn deliver(&self, data: &str) {
        if data.trim_ascii().is_empty() {
            return;
        }
        match Message::parse(data.to_owned()) {
            Ok(message) => self.pass(message).await,
            Err(error) => {
                let text = shown(data.as_bytes(), 200);
                tracing::warn!(
                    "skipped an event of the upstream that is not a message: {error}: {text}"
                );
                if let Some(id) =
                    answers::id_of(data.as_bytes(), None).filter(|id| self.open.take(id))
                {
                    let text =
                        format!("the server answered with an event that is not a message: {error}");
                    answers::error(&self.sender, &id, &text).await;
                }
            }
        }
    }

    /// Sends a message to the client. An answer is sent only if its request is open, so that no answer is sent
    /// twice and none of a handshake that the client did not ask for.
    pub(super) async fn pass(&self, message: Message) {
        let is_answer = matches!(message.kind(), MessageKind::Response | MessageKind::Error);
        if is_answer && !message.id().is_some_and(|id| self.open.answered(id)) {
            if message.id().is_none() {
                tracing::warn!(
                    "skipped an error that answers no request: {}",
                    shown(message.as_bytes(), 200)
                );
            }
            return;
        }
        drop(self.sender.send(message).await);
    }
}

impl StreamableHttpClient for Tap {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Error> {
        let limits = StreamableHttpResponseLimits::default();
        self.post_message_with_response_limits(
            uri,
            message,
            session_id,
            auth_header,
            headers,
            limits,
        )
        .await
    }

    async fn post_message_with_response_limits(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        auth_header: Option<String>,
        headers: Headers,
        limits: StreamableHttpResponseLimits,
    ) -> Result<StreamableHttpPostResponse, Error> {
        let (message, headers) = (original(message), self.with_headers(headers));
        let id = match &message {
            JsonRpcMessage::Request(request) => Some(request.id.clone()),
            _ => None,
        };
        let response = self.http.post_message_with_response_limits(
            uri,
            message,
            session_id,
            auth_header,
            headers,
            limits,
        );
        Ok(match response.await? {
            StreamableHttpPostResponse::Sse(events, session_id) => {
                StreamableHttpPostResponse::Sse(self.tapped(events), session_id)
            }
            // A server that refuses a request before it reads it does not know the id: TypeScript's writes null,
            // Python's "server-error".
            StreamableHttpPostResponse::Json(JsonRpcMessage::Error(error), session_id) => {
                let error = ServerJsonRpcMessage::error(error.error, id.or(error.id));
                StreamableHttpPostResponse::Json(error, session_id)
            }
            other => other,
        })
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<(), Error> {
        self.http
            .delete_session(uri, session_id, auth_header, self.with_headers(headers))
            .await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        headers: Headers,
    ) -> Result<Events, Error> {
        let most = StreamableHttpResponseLimits::default().max_sse_event_size;
        self.get_stream_with_max_sse_event_size(
            uri,
            session_id,
            last_event_id,
            auth_header,
            headers,
            most,
        )
        .await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        auth_header: Option<String>,
        headers: Headers,
        most: usize,
    ) -> Result<Events, Error> {
        let (http, headers) = (&self.http, self.with_headers(headers));
        let events = http.get_stream_with_max_sse_event_size(
            uri,
            session_id,
            last_event_id,
            auth_header,
            headers,
            most,
        );
        Ok(self.tapped(events.await?))
    }
}
